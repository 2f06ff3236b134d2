package driver

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
)

// shuffled changes the statements of a program, two bytes a change. The result
// mostly still compiles, and no longer does what its author thought of.
func shuffled(src, moves []byte) []byte {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return src
	}
	for ; len(moves) >= 2; moves = moves[2:] {
		var lists []*[]ast.Stmt
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BlockStmt:
				lists = append(lists, &n.List)
			case *ast.CaseClause:
				lists = append(lists, &n.Body)
			case *ast.CommClause:
				lists = append(lists, &n.Body)
			}
			return true
		})
		if len(lists) > 0 {
			upset(lists[int(moves[0])*len(lists)/256], moves[1])
		}
	}
	var out bytes.Buffer
	if err := format.Node(&out, fset, file); err != nil {
		return src
	}
	return out.Bytes()
}

// upset changes one statement of a list.
func upset(list *[]ast.Stmt, how byte) {
	n := len(*list)
	if n == 0 {
		return
	}
	at := int(how>>3) % n
	s := (*list)[at]
	block := &ast.BlockStmt{List: []ast.Stmt{s}}
	call := &ast.CallExpr{Fun: &ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: block}}
	switch how % 8 {
	case 0:
		*list = append((*list)[:at:at], (*list)[at+1:]...)
	case 1:
		*list = append((*list)[:at:at], append([]ast.Stmt{s}, (*list)[at:]...)...)
	case 2:
		other := (at + 1) % n
		(*list)[at], (*list)[other] = (*list)[other], s
	case 3:
		(*list)[at] = &ast.GoStmt{Call: call}
	case 4:
		(*list)[at] = &ast.ForStmt{Body: block}
	case 5:
		// SSA does not know how it comes out.
		(*list)[at] = &ast.IfStmt{Cond: &ast.BinaryExpr{X: &ast.CallExpr{Fun: ast.NewIdent("cap"), Args: []ast.Expr{&ast.CompositeLit{Type: &ast.ArrayType{Elt: ast.NewIdent("int")}}}},
			Op: token.EQL, Y: &ast.BasicLit{Kind: token.INT, Value: "0"}}, Body: block}
	case 6:
		(*list)[at] = &ast.DeferStmt{Call: call}
	case 7:
		(*list)[at] = block
	}
}
