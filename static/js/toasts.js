// Toasts: what was just done. Anyone may ask for one: a "toast" event on the document, also by HX-Trigger.
const STAY = 6000;
const region = document.getElementById("toasts");

function settle(toast) {
  // What went wrong stays until it is dismissed.
  if (toast.dataset.toast === "bad" || toast.dataset.toast === "warn") return;
  let timer = setTimeout(() => toast.remove(), STAY);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => {
    timer = setTimeout(() => toast.remove(), STAY / 2);
  });
}

export function show({ title = "", text = "", tone = "ok" }) {
  const shape = document.getElementById(`toast-${tone}`) ?? document.getElementById("toast-ok");
  const toast = shape.content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-toast-title]").textContent = title;
  const words = toast.querySelector("[data-toast-text]");
  if (text) words.textContent = text;
  else words.remove();
  region.append(toast);
  settle(toast);
}

function failed(status) {
  if (status === 403) return "You may not do this, or the page was open for too long. Reload it.";
  if (status === 404) return "This is gone, or you may no longer see it. Reload the page.";
  if (status === 409) return "Somebody was faster. Reload the page to see what changed.";
  if (status === 429) return "Too many requests in a short time. Wait a moment.";
  return "Something broke on our side. Nothing you typed is lost; try again.";
}

if (region) {
  for (const toast of region.querySelectorAll("[data-toast]")) settle(toast);
  region.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
  });
  document.addEventListener("toast", (event) => show(event.detail ?? {}));
  document.addEventListener("htmx:responseError", (event) => {
    show({ title: "Not done", text: failed(event.detail.xhr.status), tone: "bad" });
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => {
      show({ title: "Not sent", text: "The connection dropped. What you typed is still here.", tone: "bad" });
    });
  }
}
