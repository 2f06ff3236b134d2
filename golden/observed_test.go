package golden

import (
	"bytes"
	"testing"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/report"
)

// raceLog is the file of a case with what the race detector reported.
const raceLog = "race.log"

func parseLog(t *testing.T, log []byte) *driver.RaceLog {
	t.Helper()
	reports, err := report.Parse(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	return &driver.RaceLog{Name: raceLog, Reports: reports}
}
