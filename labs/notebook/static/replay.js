// A recorded run played again: this file follows chronologie.js in one module (labs/notebook/player.py joins them) and uses its Run
// and its View. The kernel gave all of the run at once; from then on the page plays it alone.

const SPEEDS = [1, 4];
const LEAP = 0.25; // seconds of the page's clock between two frames at the most: a hidden page does not jump ahead

/** A View whose axes are those of the whole run from the first, so that nothing moves but time. */
class ReplayView extends View {
  constructor(run, el, recorded) {
    super(run, el);
    this.recorded = recorded;
    this.root.classList.add("cp-replay");
  }

  /** The legend does not follow the moment shown: it is written once, for the whole run. */
  legends() {}

  wholeLegend() {
    super.legends();
  }

  range() {
    return this.zoomed ?? [this.run.head.from, Math.max(1, this.recorded.end * 1.02)];
  }

  traceCurve() {
    const most = Math.max(1, this.recorded.peak);
    const y = (n) => this.floor - 1 - (n / (most * 1.25)) * (CURVE - 2);
    this.steps = this.run.curve.map(([t, n], k) => `${k ? "H" : "M"}${this.x(t).toFixed(1)}${k ? "V" : " "}${y(n).toFixed(1)}`).join("");
    this.nameCurve(most, y);
  }
}

class Player {
  constructor(recorded, el) {
    this.recorded = recorded;
    this.speed = SPEEDS[0];
    this.frame = 0; // the last of recorded.frames that is drawn
    this.run = new Run({ on: (_, hear) => (this.tell = hear), send: () => {} });
    this.view = new ReplayView(this.run, el, recorded);
    this.tell({ ...recorded.frames[0], final: recorded.final });
    this.build();
    this.go(recorded.end);
    this.view.wholeLegend();
  }

  destroy() {
    this.pause();
    this.view.destroy();
  }

  build() {
    const bar = html("div", "cp-controls");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Lecture : Espace pour lire ou mettre en pause, Page suivante et Page précédente pour aller d’un événement à l’autre");
    this.play = this.button(bar, "Lire", () => this.toggle());
    this.play.classList.add("cp-play");
    this.before = this.button(bar, "Événement précédent", () => this.step(-1));
    this.after = this.button(bar, "Événement suivant", () => this.step(1));
    const speeds = html("span", "cp-speeds", bar);
    speeds.setAttribute("role", "group");
    speeds.setAttribute("aria-label", "Vitesse");
    this.speeds = SPEEDS.map((speed) => this.button(speeds, `${speed}×`, () => this.setSpeed(speed)));
    this.slider = html("input", "cp-slider", bar);
    Object.assign(this.slider, { type: "range", min: 0, max: this.recorded.end, step: 0.05 });
    this.slider.setAttribute("aria-label", "Instant de l’exécution");
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.moment = html("span", "cp-moment", bar);
    this.moment.setAttribute("aria-hidden", "true"); // the slider says it
    this.event = html("p", "cp-event");
    this.view.data.before(bar, this.event);
    this.view.root.addEventListener("keydown", (event) => this.key(event));
    this.setSpeed(this.speed);
  }

  button(parent, text, action) {
    const node = html("button", "cp-button", parent, text);
    node.type = "button";
    node.addEventListener("click", action);
    return node;
  }

  // -- time -------------------------------------------------------------------------------------------------------------

  /** Show the run as it was at a moment, and say what had just happened. */
  go(t) {
    this.t = Math.min(this.recorded.end, Math.max(0, t));
    const frame = this.recorded.frames.findLastIndex(({ time }) => time <= this.t + 1e-6);
    if (frame < this.frame) this.tell(this.back(frame));
    else for (const next of this.recorded.frames.slice(this.frame + 1, frame + 1)) this.tell(next);
    this.frame = frame;
    this.tell({ type: "change", time: this.t });
    this.show();
  }

  /** What brings the picture back to an earlier frame. */
  back(frame) {
    const items = new Map();
    let curve = [];
    let words = {};
    for (const message of this.recorded.frames.slice(0, frame + 1)) {
      for (const key of message.gone ?? []) items.delete(key);
      for (const item of message.items ?? []) items.set(item.key, item);
      if (message.curve) curve = [...curve.slice(0, message.curve.from), ...message.curve.points];
      if (message.summary !== undefined) words = { summary: message.summary, label: message.label };
    }
    const gone = [...this.run.items.keys()].filter((key) => !items.has(key));
    const changed = [...items.values()].filter((item) => this.run.items.get(item.key) !== item);
    return { type: "change", time: this.recorded.frames[frame].time, items: changed, gone, curve: { from: 0, points: curve }, ...words };
  }

  show() {
    const { steps, end } = this.recorded;
    const step = steps.findLast(({ t }) => t <= this.t + 1e-6);
    const text = step ? `${seconds(step.t, 2)} — ${step.said.join(` ; `)}` : "Avant le premier événement";
    if (this.event.textContent !== text) this.event.textContent = text;
    this.slider.value = this.t;
    this.slider.setAttribute("aria-valuetext", `${seconds(this.t)} sur ${seconds(end)}`);
    this.moment.textContent = `${seconds(this.t)} / ${seconds(end)}`;
    this.before.disabled = !steps.some(({ t }) => t < this.t - 1e-6);
    this.after.disabled = !steps.some(({ t }) => t > this.t + 1e-6);
  }

  seek(t) {
    this.pause();
    this.go(t);
  }

  step(way) {
    const { steps } = this.recorded;
    const next = way > 0 ? steps.find(({ t }) => t > this.t + 1e-6) : steps.findLast(({ t }) => t < this.t - 1e-6);
    if (next) this.seek(next.t);
  }

  // -- playing ----------------------------------------------------------------------------------------------------------

  get playing() {
    return this.request !== undefined;
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.t >= this.recorded.end) this.go(0);
    this.clock = performance.now();
    this.request = requestAnimationFrame((now) => this.tick(now));
    this.dress();
  }

  tick(now) {
    const since = Math.min(LEAP, Math.max(0, now - this.clock) / 1000);
    this.clock = now;
    this.go(this.t + since * this.speed);
    if (this.t >= this.recorded.end) return this.pause();
    this.request = requestAnimationFrame((next) => this.tick(next));
  }

  pause() {
    cancelAnimationFrame(this.request);
    this.request = undefined;
    this.dress();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.speeds.forEach((node, k) => node.setAttribute("aria-pressed", SPEEDS[k] === speed));
    this.dress();
  }

  dress() {
    this.play.textContent = this.playing ? "Pause" : "Lire";
    this.event.setAttribute("aria-live", this.playing ? "off" : "polite"); // events that follow each other in a second are no speech
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = { PageDown: () => this.step(1), PageUp: () => this.step(-1), " ": () => this.toggle() };
    const own = event.key === " " && event.target.closest("button, summary, .cp-scroll"); // Space already does something there
    if (actions[event.key] && !own) {
      actions[event.key]();
      event.preventDefault();
    }
    if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation(); // JupyterLab has shortcuts of its own
  }
}

export default {
  render({ model, el }) {
    const player = new Player(model.get("recorded"), el);
    return () => player.destroy();
  },
};
