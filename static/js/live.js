// Live pages. <body data-live="/live/a/ /live/b/"> holds one socket for each address.
// A message is HTML, whose elements replace those with the same id, or JSON: {"moved": "what"}, {"toast": {…}}.
// [data-live-src="/part/"] (with data-live-for="what other") is read again when that moved, and after a reconnect.
// {"log": …} and {"lines": …} go on as "live:log"; who fires "live:ask" with {path, text} asks over that socket.
// "live:open" says that a socket is open (again), "live:state" that HTML of it was put in place.
// data-live-select="#x" takes #x out of a whole page; data-live-also="#y" puts its #y in place too.
const FIRST = 500;
const LONGEST = 30000;
const ENDED = { 4401: "Signed out. Reload the page", 4403: "Access ended. Reload the page" };
const state = document.getElementById("live-state");
const sockets = new Map();
const lines = new Map();
const waiting = new Map();

function tell() {
  const all = [...sockets.values()];
  const ended = all.find((words) => Object.values(ENDED).includes(words));
  const lost = !navigator.onLine || all.includes("lost");
  state.hidden = !lost && !ended && !all.includes("open");
  state.classList.toggle("live--off", Boolean(lost || ended));
  const words = ended ?? (lost ? "Connection lost, trying again" : "Live");
  if (state.firstElementChild.textContent !== words) state.firstElementChild.textContent = words;
}

function swap(html) {
  const shape = document.createElement("template");
  shape.innerHTML = html;
  for (const fresh of [...shape.content.querySelectorAll("[id]")]) {
    const old = document.getElementById(fresh.id);
    // Only the outermost of nested ids: the inner ones come along.
    if (!old || fresh.parentElement?.closest("[id]")) continue;
    // What is as it was stays: a button under the pointer, words that somebody selects.
    if (old.isEqualNode(fresh)) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    // What somebody has opened stays open.
    for (const opened of old.querySelectorAll("details[id][open]")) {
      fresh.querySelector(`#${CSS.escape(opened.id)}`)?.setAttribute("open", "");
    }
    old.replaceWith(fresh);
    window.htmx?.process(fresh);
    if (focused) document.getElementById(focused)?.focus();
    fresh.dispatchEvent(new CustomEvent("live:swapped", { bubbles: true }));
  }
}

function reread(part) {
  // Many hints in a moment are one question.
  clearTimeout(waiting.get(part));
  waiting.set(part, setTimeout(() => {
    waiting.delete(part);
    if (!part.isConnected) return;
    const { liveSrc, liveSelect, liveAlso } = part.dataset;
    const whole = { select: liveSelect, selectOOB: liveAlso };
    window.htmx?.ajax("GET", liveSrc, { source: part, target: part, swap: "outerHTML", ...(liveSelect && whole) });
  }, 200));
}

function moved(what) {
  document.body.dispatchEvent(new CustomEvent("live:moved", { detail: { what } }));
  for (const part of document.querySelectorAll("[data-live-src]")) {
    const names = part.dataset.liveFor?.split(" ") ?? [];
    if (!what || !names.length || names.includes(what)) reread(part);
  }
}

function receive(text, path) {
  if (text.trimStart().startsWith("<")) {
    swap(text);
    return document.dispatchEvent(new CustomEvent("live:state", { detail: { path } }));
  }
  const message = JSON.parse(text);
  if ("log" in message || "lines" in message) {
    document.dispatchEvent(new CustomEvent("live:log", { detail: { path, message } }));
  }
  if (message.toast) document.dispatchEvent(new CustomEvent("toast", { detail: message.toast }));
  if (message.html) swap(message.html);
  if ("moved" in message) moved(message.moved);
  return undefined;
}

function connect(path, wait = FIRST, again = false) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  sockets.set(path, again ? "lost" : "starting");
  lines.set(path, socket);
  let pause = wait;
  socket.addEventListener("open", () => {
    sockets.set(path, "open");
    pause = FIRST;
    tell();
    // What happened while we were away came to nobody: look again.
    if (again) moved("");
    document.dispatchEvent(new CustomEvent("live:open", { detail: { path } }));
  });
  socket.addEventListener("message", (event) => receive(event.data, path));
  socket.addEventListener("close", (event) => {
    if (leaving) return;
    sockets.set(path, ENDED[event.code] ?? "lost");
    tell();
    if (event.code in ENDED) return;
    const jitter = 0.5 + Math.random();
    setTimeout(() => connect(path, Math.min(LONGEST, pause * 2), true), pause * jitter);
  });
}

document.addEventListener("live:ask", ({ detail }) => {
  const socket = lines.get(detail.path);
  detail.sent = socket?.readyState === WebSocket.OPEN;
  if (detail.sent) socket.send(detail.text);
});

let leaving = false;
addEventListener("pagehide", () => (leaving = true));
addEventListener("pageshow", (event) => {
  // Brought back from the browser's cache, the sockets are dead.
  if (event.persisted) location.reload();
});
if (state) {
  for (const path of new Set(document.body.dataset.live?.split(/\s+/).filter(Boolean))) connect(path);
  addEventListener("online", tell);
  addEventListener("offline", tell);
  tell();
}
