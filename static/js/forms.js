// Forms: sent once, warned about when left with changes, never emptied by a failure.
// data-guard warns before leaving; data-auto-submit sends on change; data-free leaves the form alone.
const PATIENCE = 10000;
const PLACE = "focus";
const sent = new WeakSet();
const dirty = new Set();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.matches("[data-free], [data-try]")) return;
  dirty.delete(form);
  // htmx has its own way to wait, and a GET may be repeated.
  if (form.method !== "post" || form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  button?.setAttribute("aria-busy", "true");
  // Still here after a while: the answer was a file, or was stopped. Let the person send again.
  setTimeout(() => {
    sent.delete(form);
    button?.removeAttribute("aria-busy");
  }, PATIENCE);
});

// Coming back by the browser's history: the form is as it was typed, and may be sent again.
addEventListener("pageshow", ({ persisted }) => {
  const returned = persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  for (const form of document.forms) {
    sent.delete(form);
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    // What sends itself shows what the address says, not what was ticked on the way to another one.
    if (returned && form.matches("[data-auto-submit]")) form.reset();
  }
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-guard]")) dirty.add(form);
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.matches("[data-auto-submit]")) return;
  keep(event.target);
  form.requestSubmit();
});

// A control that sends its form by itself has the focus again on the page that answers.
function keep({ name, value, type }) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify([location.pathname, name, type === "checkbox" ? value : null]));
  } catch {
    // A browser that keeps nothing starts at the top, as without this.
  }
}

function back() {
  try {
    const [path, name, value] = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
    sessionStorage.removeItem(PLACE);
    if (path !== location.pathname) return;
    const boxes = document.querySelectorAll(`[data-auto-submit] [name="${CSS.escape(name)}"]:not([type=hidden])`);
    const box = [...boxes].find((each) => value === null || each.value === value);
    const folded = box?.closest("details");
    if (folded) folded.open = true;
    box?.focus();
  } catch {
    // Not ours, or written by another version.
  }
}

back();

addEventListener("beforeunload", (event) => {
  for (const form of dirty) if (form.isConnected) event.preventDefault();
});

for (const [name, busy] of [["htmx:beforeRequest", true], ["htmx:afterRequest", false]]) {
  document.addEventListener(name, (event) => {
    const button = event.target.matches("form") ? event.target.querySelector("button[type=submit]") : event.target;
    if (!busy && event.detail.successful) dirty.delete(event.target);
    if (!button?.matches?.("button")) return;
    if (busy) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  });
}

function look() {
  document.querySelector("[data-form-errors]")?.focus();
}

look();
document.addEventListener("htmx:afterSettle", (event) => {
  event.target.querySelector?.("[data-form-errors]")?.focus();
});
