// Copy buttons: data-copy="the text", or data-copy-from="selector" inside the nearest data-copy-scope.
const SHOWN = 1600;

function source(button) {
  if (button.hasAttribute("data-copy")) return button.dataset.copy;
  const scope = button.closest("[data-copy-scope]") ?? document;
  const found = [...scope.querySelectorAll(button.dataset.copyFrom)];
  return found.find((element) => element.offsetParent !== null)?.textContent ?? "";
}

async function write(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  // Without https (a portal on an inner address) only the old way is left.
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "sr";
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("copying is not allowed here");
}

function told(button, words) {
  const word = button.querySelector("[data-copy-word]");
  if (!word) {
    document.dispatchEvent(new CustomEvent("toast", { detail: { title: words } }));
    return;
  }
  const before = (word.dataset.copyWord ||= word.textContent);
  word.textContent = words;
  setTimeout(() => (word.textContent = before), SHOWN);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  try {
    await write(source(button));
    told(button, "Copied");
  } catch {
    told(button, "Select and copy by hand");
  }
});
