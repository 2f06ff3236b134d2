package doors_test

import (
	"strings"
	"testing"
)

// neovim opens a file, takes the first action offered for each diagnostic until
// none is left, and writes the file.
const neovim = `
local function fail(why)
  io.stdout:write(why .. "\n")
  vim.cmd("cquit")
end

local function mend()
  dofile("init.lua")
  vim.cmd("filetype on")
  vim.ui.select = function(items, _, choose) choose(items[1], 1) end
  vim.cmd("edit " .. FILE)
  if not vim.wait(120000, function() return #vim.diagnostic.get(0) > 0 end, 20) then fail("no diagnostics") end
  for _ = 1, 5 do
    local d = vim.diagnostic.get(0)[1]
    if not d then break end
    io.stdout:write(d.source .. " " .. (d.lnum + 1) .. " " .. d.message .. "\n")
    vim.api.nvim_win_set_cursor(0, { d.lnum + 1, d.col })
    vim.lsp.buf.code_action()
    local gone = vim.wait(120000, function()
      for _, e in ipairs(vim.diagnostic.get(0)) do
        if e.message == d.message then return false end
      end
      return true
    end, 20)
    if not gone then fail("the diagnostic stays") end
  end
  vim.cmd("write")
  vim.cmd("qall!")
end

local ok, err = pcall(mend)
if not ok then fail(err) end
`

// TestNeovim mends an example with the configuration that the README gives.
func TestNeovim(t *testing.T) {
	nvim := debian(t, "nvim", "neovim")
	dir, results := unpackCase(t, "guard/example")
	write(t, dir, map[string]string{"init.lua": block(t, "neovim"), "edit.lua": strings.ReplaceAll(neovim, "FILE", `"quota.go"`)})
	out := edit(t, dir, nvim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S", "edit.lua")
	if !strings.Contains(out, "fixer 32 Quota.used") || !strings.Contains(out, "no lock is common to both") {
		t.Errorf("Neovim prints %s", out)
	}
	checkFiles(t, dir, results)
}
