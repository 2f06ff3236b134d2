package model

// domains are the parts of the default table.
var domains = []Rows{
	syncRows, timeRows, reflectRows, errgroupRows, closerRows, logRows, testingRows,
	httpRows, httpFieldRows, rpcRows, netRows,
	ginRows, echoRows, chiRows, muxRows, httprouterRows, fiberRows, fasthttpRows,
	grpcRows, connectRows, contractRows,
	informerRows, waitRows, controllerRows,
	cronRows, poolRows, groupRows,
	messageRows, kafkaRows, metricRows, raftRows, teaRows, quickRows,
}
