// Dialogs: data-dialog-open="#name" opens one, data-dialog-close closes its own, data-dialog-auto opens at once.
// data-retype="word" keeps the button of its form off until the word is typed.
// One begins in its first field: at the button that closes it, the first space typed would close it.
function open(dialog) {
  dialog?.showModal();
  dialog?.querySelector("textarea, select, input:not([type=hidden])")?.focus();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    event.preventDefault();
    open(document.querySelector(opener.dataset.dialogOpen));
    return;
  }
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  // A click on the backdrop has the dialog itself as its target, outside of its box.
  const box = dialog.getBoundingClientRect();
  const outside =
    event.target === dialog &&
    (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom);
  if (event.target.closest("[data-dialog-close]") || (outside && event.detail > 0)) dialog.close();
});

function guard(input) {
  const button = input.form?.querySelector("button[type=submit]");
  if (button) button.disabled = input.value.trim() !== input.dataset.retype;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-retype]")) guard(event.target);
});

function look() {
  document.querySelectorAll("[data-retype]").forEach(guard);
  document.querySelectorAll("dialog[data-dialog-auto]:not([open])").forEach((dialog) => {
    dialog.removeAttribute("data-dialog-auto");
    open(dialog);
  });
}

look();
document.addEventListener("htmx:afterSettle", look);
