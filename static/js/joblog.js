// The log of a job: <div data-log> holds a window of its lines, at most MOST of them.
// The socket only says how far the log goes; lines are asked for when the page is ready for them, over the socket
// while it is open ("live:ask"), else by address. What a page has never seen is asked for again: nothing is lost.
// Other modules: log.window says which lines are here, log.goTo(n) brings a line.
const MOST = 2000;
const PAGE = 300;
const EDGE = 300; // pixels from an end at which more is loaded
const AGAIN = 4000; // ms until an answer counts as lost
const PAUSE = 80; // ms between two questions
const NEVER = -Infinity; // the clock of a page begins at 0: that would be a moment ago
const logs = new Map();

export function logOf(root) {
  if (!logs.has(root)) logs.set(root, new Log(root));
  return logs.get(root);
}

class Log {
  constructor(root) {
    this.root = root;
    for (const name of ["body", "lines", "follow", "new", "new-words", "where", "link"]) {
      this[name.replace("-w", "W")] = root.querySelector(`[data-log-${name}]`);
    }
    const { first, last, newest, follow } = root.dataset;
    Object.assign(this, { first: +first, last: +last, newest: +newest, query: "", asked: NEVER, top: 0 });
    this.body.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.follow.addEventListener("click", () => this.setFollow(!this.following));
    this.new.addEventListener("click", () => this.setFollow(true));
    this.follow.hidden = false;
    const linked = location.hash.startsWith("#L") || root.querySelector("mark");
    this.setFollow(follow !== undefined && !linked);
    if (!linked) this.toEnd();
    this.choose();
  }

  get atEnd() {
    return this.body.scrollHeight - this.body.scrollTop - this.body.clientHeight < 24;
  }

  setFollow(on) {
    this.following = on;
    this.follow.setAttribute("aria-pressed", String(on));
    if (on && this.last < this.newest) this.catchUp();
    if (on) this.toEnd();
    this.tell();
  }

  toEnd() {
    this.body.scrollTop = this.body.scrollHeight;
    this.top = this.body.scrollTop;
  }

  // The log goes up to `n`.
  grown(n) {
    this.newest = Math.max(this.newest, n);
    if (this.following || !this.first) this.catchUp();
    this.tell();
  }

  // The socket is open, or the job moved: what it said of the log before may have come to nobody.
  look() {
    if (this.following || !this.first) this.catchUp(true);
    this.tell();
  }

  // Ask for what comes next, one question at a time.
  catchUp(anyway = false) {
    const now = performance.now();
    if (now - this.asked < AGAIN || (this.last >= this.newest && !anyway)) return;
    this.asked = now;
    const ask = { path: this.root.dataset.livePath, text: JSON.stringify({ after: this.last }), sent: false };
    document.dispatchEvent(new CustomEvent("live:ask", { detail: ask }));
    if (!ask.sent && anyway) this.asked = NEVER;
    else if (!ask.sent) this.fetch(this.following ? { after: Math.max(this.last, this.newest - PAGE) } : { after: this.last });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.catchUp(), AGAIN + 1);
  }

  // Lines behind `after` up to `last`, from the socket.
  answered({ html, after, last }) {
    this.newest = Math.max(this.newest, last);
    if (after > this.last) this.replace(html, after + 1, last);
    else if (after === this.last) this.append(html, last);
    else return;
    setTimeout(() => {
      this.asked = NEVER;
      if (this.following) this.catchUp();
    }, PAUSE);
  }

  async fetch(near) {
    const url = new URL(this.root.dataset.src, location.href);
    for (const [name, value] of Object.entries(near)) url.searchParams.set(name, value);
    if (this.query) url.searchParams.set("q", this.query);
    url.searchParams.set("limit", PAGE);
    const headers = { "X-By-Itself": navigator.userActivation?.isActive ? "" : "1", "HX-Request": "true" };
    if (!headers["X-By-Itself"]) delete headers["X-By-Itself"];
    const answer = await fetch(url, { headers, credentials: "same-origin" }).catch(() => null);
    this.asked = NEVER;
    if (!answer?.ok) return;
    const shape = document.createElement("template");
    shape.innerHTML = await answer.text();
    const part = shape.content.firstElementChild;
    const [first, last] = [+part.dataset.first, +part.dataset.last];
    this.newest = Math.max(this.newest, +part.dataset.newest);
    if (!last) return;
    if (near.before === this.first) this.prepend(part.innerHTML, first);
    else if (near.after === this.last) this.append(part.innerHTML, last);
    else this.replace(part.innerHTML, first, last);
  }

  replace(html, first, last) {
    this.lines.innerHTML = html;
    Object.assign(this, { first, last });
    this.settle();
  }

  append(html, last) {
    const shape = document.createElement("template");
    shape.innerHTML = html;
    for (const line of shape.content.querySelectorAll("[data-over]")) this.drawOver(line, shape.content);
    this.lines.append(shape.content);
    if (this.lines.childElementCount) this.first ||= this.last + 1;
    this.last = last;
    if (this.lines.childElementCount > MOST) this.dropFirst();
    this.settle();
  }

  // A progress bar takes the place of the line of its pod before.
  drawOver(line, fresh) {
    const same = `[data-run="${line.dataset.run}"]`;
    const before = [...fresh.querySelectorAll(same)];
    const old = before[before.indexOf(line) - 1] ?? [...this.lines.querySelectorAll(same)].pop();
    old?.remove();
    delete line.dataset.over;
  }

  prepend(html, first) {
    const [height, top] = [this.body.scrollHeight, this.body.scrollTop];
    const over = this.lines.querySelector("[data-over]");
    this.lines.insertAdjacentHTML("afterbegin", html);
    if (over) this.drawOver(over, this.lines);
    this.first = first;
    this.body.scrollTop = top + this.body.scrollHeight - height;
    this.top = this.body.scrollTop;
    while (this.lines.childElementCount > MOST) this.lines.lastElementChild.remove();
    this.last = Math.min(this.last, this.number(this.lines.lastElementChild));
    this.settle();
  }

  dropFirst() {
    const [height, top] = [this.body.scrollHeight, this.body.scrollTop];
    while (this.lines.childElementCount > MOST) this.lines.firstElementChild.remove();
    this.first = this.number(this.lines.firstElementChild);
    if (!this.following) this.body.scrollTop = top - (height - this.body.scrollHeight);
  }

  number(line) {
    return Number(line?.dataset.n ?? 0);
  }

  settle() {
    if (this.following) this.toEnd();
    this.choose();
    this.tell();
    this.root.dispatchEvent(new CustomEvent("log:drawn"));
  }

  scrolled() {
    const { scrollTop } = this.body;
    const up = scrollTop < this.top - 2;
    this.top = scrollTop;
    if (up && this.following && !this.atEnd) this.setFollow(false);
    if (up && scrollTop < EDGE && this.first > 1) this.more({ before: this.first });
    if (!this.following && this.atEnd) {
      if (this.last < this.newest) this.more({ after: this.last });
      else if (!up && this.newest) this.setFollow(true);
    }
  }

  more(near) {
    if (this.loading) return;
    this.loading = this.fetch(near).finally(() => (this.loading = null));
  }

  // Bring line `n` into view, wherever it is.
  async goTo(n) {
    this.setFollow(false);
    if (!document.getElementById(`L${n}`)) await this.fetch({ around: n });
    const line = document.getElementById(`L${n}`);
    const box = this.body.getBoundingClientRect();
    if (line) this.body.scrollTop += line.getBoundingClientRect().top - box.top - box.height / 3;
    this.top = this.body.scrollTop;
    return line;
  }

  // The line of the address is marked, and its link offered.
  choose() {
    const chosen = /^#L(\d+)$/.exec(location.hash)?.[1];
    for (const line of this.lines.querySelectorAll(".is-chosen")) line.classList.remove("is-chosen");
    if (!chosen) return;
    document.getElementById(`L${chosen}`)?.classList.add("is-chosen");
    this.link.hidden = false;
    this.link.dataset.copy = new URL(`#L${chosen}`, location.href).href;
  }

  tell() {
    const behind = this.newest - this.last;
    this.new.hidden = this.following || behind <= 0;
    this.newWords.textContent = `${behind.toLocaleString("en")} new ${behind === 1 ? "line" : "lines"}`;
    const empty = this.root.querySelector("[data-log-empty]"); // the state of the job brings a new one
    if (empty) empty.hidden = Boolean(this.lines.childElementCount);
    this.where.hidden = !this.last;
    const words = [this.first, this.last, this.newest].map((n) => n.toLocaleString("en"));
    const gap = this.lines.querySelector(".log-gap");
    const folded = gap ? 0 : this.last - this.first + 1 - this.lines.childElementCount;
    const redrawn = folded > 0 ? `, ${folded.toLocaleString("en")} redrawn` : "";
    this.where.textContent = `Lines ${words[0]}–${words[1]} of ${words[2]}${redrawn}`;
  }
}

const here = () => [...document.querySelectorAll("[data-log]")].map(logOf);

document.addEventListener("live:log", ({ detail: { path, message } }) => {
  for (const log of here()) {
    if (log.root.dataset.livePath !== path) continue;
    if ("log" in message) log.grown(message.log);
    if (message.lines) log.answered(message.lines);
  }
});
addEventListener("hashchange", () => {
  const chosen = /^#L(\d+)$/.exec(location.hash)?.[1];
  for (const log of here()) chosen ? log.goTo(Number(chosen)).then(() => log.choose()) : log.choose();
});
for (const event of ["live:open", "live:state"]) {
  document.addEventListener(event, ({ detail }) => {
    for (const log of here()) if (log.root.dataset.livePath === detail.path) log.look();
  });
}
for (const log of here()) log.look();
const linked = /^#L(\d+)$/.exec(location.hash)?.[1];
for (const log of here()) if (linked) log.goTo(Number(linked)).then(() => log.choose());
