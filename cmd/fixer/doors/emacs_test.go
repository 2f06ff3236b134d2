package doors_test

import (
	"strings"
	"testing"
)

// eglot opens a file, applies the fixes of all diagnostics, and saves it.
const eglot = `
(setq create-lockfiles nil make-backup-files nil eglot-sync-connect 60 eglot-confirm-server-initiated-edits nil)
(define-derived-mode go-mode prog-mode "Go")
(add-to-list 'auto-mode-alist '("\\.go\\'" . go-mode))
(require 'project)
(add-hook 'project-find-functions (lambda (_) (cons 'transient default-directory)))
(package-initialize)
(require 'eglot)
(load-file "init.el")
(find-file "quota.go")
(call-interactively #'eglot)

(defun wait-for (what)
  (let ((until (+ (float-time) 120)))
    (while (not (funcall what))
      (when (> (float-time) until) (message "waited in vain") (kill-emacs 1))
      (accept-process-output nil 0.05))))

(flymake-mode 1)
(defun shown () (flymake-start) (flymake-diagnostics))
(wait-for #'shown)
(dolist (d (flymake-diagnostics)) (message "shown: %s" (flymake-diagnostic-text d)))
(let ((rounds 0))
  (while (and (shown) (< rounds 5))
    (setq rounds (1+ rounds))
    (let ((d (car (flymake-diagnostics))) (before (buffer-string)))
      (goto-char (flymake-diagnostic-beg d))
      (let* ((actions (eglot-code-actions (flymake-diagnostic-beg d) (flymake-diagnostic-end d) "quickfix"))
             (edit (plist-get (elt actions 0) :edit)))
        (eglot--apply-workspace-edit edit))
      (wait-for (lambda () (not (equal before (buffer-string)))))
      (eglot--signal-textDocument/didChange) ; as it does when Emacs is idle, which it never is here
      (let ((text (flymake-diagnostic-text d)))
        (wait-for (lambda () (not (seq-some (lambda (e) (equal text (flymake-diagnostic-text e))) (shown)))))))))
(save-buffer)
(eglot-shutdown (eglot-current-server))
`

// TestEglot mends an example with the configuration that the README gives.
func TestEglot(t *testing.T) {
	emacs := debian(t, "emacs", "emacs-nox", "elpa-eglot")
	dir, results := unpackCase(t, "guard/example")
	write(t, dir, map[string]string{"init.el": block(t, "emacs"), "edit.el": eglot})
	out := edit(t, dir, emacs, "--batch", "-l", "edit.el")
	if !strings.Contains(out, "shown: ") || !strings.Contains(out, "no lock is common to both") {
		t.Errorf("Emacs prints %s", out)
	}
	checkFiles(t, dir, results)
}

// compile lists where compilation mode jumps to from what fixer check prints.
const compile = `
(require 'compile)
(with-temp-buffer
  (call-process "fixer" nil t nil "check" "./...")
  (compilation-mode)
  (setq default-directory DIR)
  (compilation--ensure-parse (point-max))
  (goto-char (point-min))
  (condition-case nil
      (while t
        (compilation-next-error 1)
        (let ((loc (compilation--message->loc (compilation-next-error 0))))
          (message "at %s:%s" (car (compilation--loc->file-struct loc)) (compilation--loc->line loc))))
    (error nil)))
`

// TestCompilationMode has Emacs find its way from the output of fixer check.
func TestCompilationMode(t *testing.T) {
	emacs := debian(t, "emacs", "emacs-nox", "elpa-eglot")
	dir, _ := unpackCase(t, "guard/example")
	write(t, dir, map[string]string{"edit.el": strings.ReplaceAll(compile, "DIR", `"`+dir+`/"`)})
	out := edit(t, dir, emacs, "--batch", "-l", "edit.el")
	if !strings.Contains(out, `quota.go`) || !strings.Contains(out, ":32") {
		t.Errorf("Emacs prints %s", out)
	}
}
