// Searching a log: how many lines hold the text, and stepping through them. Enter is next, Shift and Enter previous.
import { logOf } from "./joblog.js";

const WAIT = 300; // ms after the last key

class Search {
  constructor(root) {
    this.log = logOf(root);
    this.root = root;
    this.form = root.querySelector("[data-log-search]");
    this.box = this.form.elements.q;
    this.count = root.querySelector("[data-log-count]");
    this.steps = root.querySelector("[data-log-steps]");
    this.numbers = [];
    this.at = 0;
    this.box.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(), WAIT);
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.box.value) {
        this.box.value = "";
        this.find();
        event.preventDefault();
      }
      if (event.key === "Enter") {
        event.preventDefault();
        this.step(event.shiftKey ? -1 : 1);
      }
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const link of this.steps.querySelectorAll("[data-log-step]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.step(Number(link.dataset.logStep));
      });
    }
    root.addEventListener("log:drawn", () => this.mark());
    if (this.box.value) this.find();
  }

  async find() {
    clearTimeout(this.timer);
    const words = this.box.value.trim();
    if (words === this.log.query) return;
    this.log.query = words;
    this.numbers = [];
    if (words) {
      this.say("…");
      const url = new URL(this.root.dataset.find, location.href);
      url.searchParams.set("q", words);
      const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
      if (this.log.query !== words) return;
      if (!answer?.ok) return this.say(answer?.status === 503 ? "too much to search" : "not now");
      const found = await answer.json();
      [this.numbers, this.more] = [found.numbers, found.more];
    }
    this.steps.hidden = !this.numbers.length;
    // The nearest one at or before what is being read, else the last.
    const seen = this.numbers.filter((n) => n <= this.log.last).length;
    this.at = seen || this.numbers.length;
    if (!words) {
      this.say("");
      await this.log.fetch(this.log.following ? {} : { around: this.log.first });
    } else if (!this.numbers.length) this.say("none");
    else await this.go();
    return undefined;
  }

  async step(by) {
    if (this.box.value.trim() !== this.log.query) return this.find();
    if (!this.numbers.length) return undefined;
    this.at = ((this.at - 1 + by + this.numbers.length) % this.numbers.length) + 1;
    return this.go();
  }

  async go() {
    const n = this.numbers[this.at - 1];
    this.say(`${this.at.toLocaleString("en")} of ${this.numbers.length.toLocaleString("en")}${this.more ? "+" : ""}`);
    // Lines that were here before the search have no marks: bring them again.
    if (!document.getElementById(`L${n}`)?.querySelector("mark")) {
      this.log.setFollow(false);
      await this.log.fetch({ around: n });
    }
    await this.log.goTo(n);
    this.mark();
  }

  mark() {
    for (const old of this.root.querySelectorAll("mark.is-here")) old.classList.remove("is-here");
    const line = document.getElementById(`L${this.numbers[this.at - 1]}`);
    for (const mark of line?.querySelectorAll("mark") ?? []) mark.classList.add("is-here");
  }

  say(words) {
    this.count.textContent = words;
  }
}

for (const root of document.querySelectorAll("[data-log]")) new Search(root);
