// The live chronologie: draws the Scene that labs/timeline/layout.py makes, in SVG, with no library and no build step.
//
// One Run per widget model holds what the kernel said; any number of Views draw it. Python sends a full scene on demand
// ("hello"), then only the drawables that changed. Between two messages the page's own clock lets open bars grow.

const SVG = "http://www.w3.org/2000/svg";
const NBSP = "\u00a0";
const ROW = 24; // pixels of one job row
const CURVE = 54;
const AXIS = 34;
const GAP = 20; // between the lanes and the curve, where its name stands
const TOP = 6;
const MARK = 15; // a line for the name of a vertical mark
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const SPANS = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1200, 1800, 3600, 7200, 14400];
const SILENCE = 6; // seconds without a word from the kernel before the clock stops
const CALM = 5; // seconds between two changes of the picture's spoken label
const BEAT = 1000 / 15; // milliseconds from a frame of the clock to the next: where no graphics card draws them, more would take a processor from the run itself
const LAYERS = ["fault", "ghost-block", "ghost-job", "block", "launch", "delay", "job", "density", "wait", "poll", "dot", "text"];
const LEGEND = [
  ["block", "contrôleur occupé"], ["launch", "lancement"], ["poll", "sondage"], ["job", "job sur son nœud"],
  ["delay", "délai de détection"], ["fault", "panne provoquée"], ["ghost-job", "prévision"],
  ["density", "jobs sur le nœud"], ["wait", "attente d’un job déjà fini"],
];

const runs = new WeakMap();

// -- small helpers ------------------------------------------------------------------------------------------------------

function svg(name, attributes = {}, parent = null) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
}

/** Give a node what it has not yet: writing an attribute again, even with the same value, has the page lay it out and paint it again. */
function set(node, attributes) {
  const known = (node.known ??= {});
  for (const [key, value] of Object.entries(attributes)) {
    const rounded = typeof value === "number" ? Math.round(value * 10) / 10 : value;
    if (known[key] === rounded) continue;
    known[key] = rounded;
    node.setAttribute(key, rounded);
  }
}

function html(name, className, parent, text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function seconds(value, digits = 1) {
  return `${value.toFixed(digits).replace(".", ",").replace("-", "−")}${NBSP}s`;
}

function lowerBound(ladder, value) {
  return ladder.find((step) => step >= value) ?? ladder[ladder.length - 1];
}

// -- what the kernel said -----------------------------------------------------------------------------------------------

class Run {
  constructor(model) {
    this.model = model;
    this.views = new Set();
    this.items = new Map();
    this.curve = [];
    this.head = null;
    this.final = null;
    this.cancelling = false;
    this.offset = Infinity; // when the run began, by the page's clock: the least seen, which is the one with the least delay on the way
    this.heard = performance.now() / 1000;
    model.on("msg:custom", (message) => this.receive(message));
    model.send({ type: "hello" });
  }

  get running() {
    return Boolean(this.head?.running);
  }

  /** Seconds since the run's start, by the page's clock; the last moment known once it is over. */
  now() {
    if (!this.running) return this.time ?? 0;
    const page = this.silent() ? this.heard + SILENCE : performance.now() / 1000;
    return Math.max(this.time ?? 0, (page - this.offset) * this.head.rate);
  }

  silent() {
    return performance.now() / 1000 - this.heard > SILENCE;
  }

  receive(message) {
    const page = performance.now() / 1000;
    this.heard = page;
    if (message.type === "full") {
      this.items.clear();
      this.offset = Infinity;
    } else if (!this.head) {
      return; // a change to a scene that this page never had: the full one is on its way
    }
    if (message.head) this.head = message.head;
    this.time = message.time;
    this.offset = Math.min(this.offset, page - message.time / this.head.rate);
    for (const key of message.gone ?? []) this.items.delete(key);
    for (const item of message.items ?? []) this.items.set(item.key, item);
    if (message.curve) this.curve = [...this.curve.slice(0, message.curve.from), ...message.curve.points];
    if (message.summary !== undefined) Object.assign(this, { summary: message.summary, label: message.label });
    if (message.final) this.final = message.final;
    for (const view of this.views) view.receive(message);
  }

  cancel() {
    this.cancelling = true;
    this.model.send({ type: "cancel" });
    for (const view of this.views) view.controls();
  }
}

// -- one picture of it --------------------------------------------------------------------------------------------------

class View {
  constructor(run, el) {
    this.run = run;
    this.id = `cp-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`; // this module is loaded once a widget: a count would not be unique in the page
    this.shapes = new Map(); // key -> {item, root, ...}
    this.growing = new Set();
    this.zoomed = null; // [from, to] in seconds, null to follow the run
    this.cursor = null; // key of the bar under the keyboard
    this.pen = document.createElement("canvas").getContext("2d");
    this.widths = new Map();
    this.build(el);
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.stage);
    run.views.add(this);
    if (run.head) this.receive({ type: "full", head: run.head, final: run.final });
  }

  /** Draw the clock, and again a beat later: to ask for every frame of the page costs it a layout and a paint each, drawn or not. */
  tick() {
    this.pause();
    this.frame();
    this.beat = this.run.running ? setTimeout(() => (this.request = requestAnimationFrame(() => this.tick())), BEAT) : null;
  }

  pause() {
    clearTimeout(this.beat);
    cancelAnimationFrame(this.request);
  }

  destroy() {
    this.pause();
    this.resizing.disconnect();
    this.run.views.delete(this);
  }

  build(el) {
    this.root = html("div", "cp-root", el);
    const head = html("div", "cp-head", this.root);
    this.title = html("span", "cp-title", head);
    this.clock = html("span", "cp-clock", head);
    this.clock.setAttribute("aria-hidden", "true");
    this.progress = html("span", "cp-progress", head);
    this.progress.hidden = true;
    this.progress.setAttribute("role", "progressbar");
    this.progress.setAttribute("aria-valuemin", 0);
    this.progress.setAttribute("aria-valuemax", 100);
    this.done = html("span", "cp-done", html("span", "cp-track", this.progress));
    this.hoped = html("span", "cp-hoped", this.progress);
    const tools = html("span", "cp-tools", head);
    this.button(tools, "cp-zoom-out", "−", "Dézoomer", () => this.zoom(1.6));
    this.button(tools, "cp-zoom-in", "+", "Zoomer", () => this.zoom(1 / 1.6));
    this.button(tools, "cp-zoom-reset", "Tout voir", "Voir toute l’exécution", () => this.reset());
    this.stop = this.button(tools, "cp-cancel", "Annuler", "Annuler l’exécution", () => this.run.cancel());
    this.summary = html("p", "cp-summary", this.root);
    this.stage = html("div", "cp-stage", this.root);
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "group");
    this.stage.setAttribute("aria-label", "Chronologie : flèches pour aller d’un job à l’autre, + et − pour zoomer, 0 pour tout voir, Échap pour quitter");
    this.svg = svg("svg", { class: "cp-svg", role: "img", "aria-label": "Chronologie" }, this.stage);
    this.tip = html("div", "cp-tip", this.stage);
    this.tip.hidden = true;
    this.legend = html("div", "cp-legend", this.root);
    this.status = html("div", "cp-status", this.root);
    this.status.setAttribute("role", "status");
    this.status.setAttribute("aria-live", "polite");
    this.said = html("div", "cp-said", this.root); // what the keyboard's bar is, for screen readers
    this.said.setAttribute("aria-live", "polite");
    this.data = html("div", "cp-data", this.root);
    this.final = html("div", "cp-final", this.root);
    this.ground();
    this.listen();
  }

  button(parent, className, text, label, action) {
    const node = html("button", `cp-button ${className}`, parent, text);
    node.type = "button";
    node.title = label;
    if (text.length < 2) node.setAttribute("aria-label", label);
    node.addEventListener("click", action);
    return node;
  }

  ground() {
    const defs = svg("defs", {}, this.svg);
    this.hatch(defs, "delay", "var(--cp-delay)", 6, 2);
    this.hatch(defs, "running", "rgba(255, 255, 255, .32)", 9, 3);
    this.clip = svg("rect", {}, svg("clipPath", { id: `${this.id}-clip` }, defs));
    this.grid = svg("g", { class: "cp-grid" }, this.svg);
    this.names = svg("g", { class: "cp-names" }, this.svg);
    const inside = svg("g", { "clip-path": `url(#${this.id}-clip)` }, this.svg);
    this.marksBehind = svg("g", {}, inside);
    this.layers = Object.fromEntries(LAYERS.map((name) => [name, svg("g", { class: `cp-layer-${name}` }, inside)]));
    this.area = svg("path", { class: "cp-area" }, inside);
    this.line = svg("path", { class: "cp-curve" }, inside);
    this.marks = svg("g", {}, inside);
    this.nowLine = svg("line", { class: "cp-now" }, inside);
    this.ring = svg("rect", { class: "cp-ring", rx: 3 }, inside);
    this.labels = svg("g", { class: "cp-axis" }, this.svg);
  }

  hatch(defs, name, stroke, size, width) {
    const pattern = svg("pattern", { id: `${this.id}-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, defs);
    svg("line", { x1: 0, y1: 0, x2: 0, y2: size, style: `stroke: ${stroke}; stroke-width: ${width}` }, pattern);
  }

  // -- from the kernel --------------------------------------------------------------------------------------------------

  receive(message) {
    const run = this.run;
    if (message.head) {
      this.title.textContent = run.head.title;
      this.root.dataset.running = run.running;
      this.controls();
      if (message.type === "full") this.forget();
      this.measure();
      this.relayout();
    }
    if (message.type !== "full" || !message.head) this.patch(message);
    if (message.head || message.items) this.legends();
    if (message.summary !== undefined || message.head) this.words();
    if (message.final) this.finish(run.final);
    this.tick(); // what is drawn with the news needs no beat of its own
  }

  patch(message) {
    for (const key of message.gone ?? []) this.drop(key);
    for (const item of message.items ?? []) this.put(item);
    if (message.curve) this.traceCurve();
  }

  forget() {
    for (const key of [...this.shapes.keys()]) this.drop(key);
  }

  controls() {
    this.stop.hidden = !this.run.running;
    this.stop.disabled = this.run.cancelling;
    this.stop.textContent = this.run.cancelling ? "Annulation…" : "Annuler";
  }

  words() {
    const { summary = "", label = "", running } = this.run;
    if (this.summary.textContent !== summary) this.summary.textContent = summary;
    const page = performance.now() / 1000;
    if (!running || page - (this.spoken ?? -Infinity) > CALM) {
      this.svg.setAttribute("aria-label", label || "Chronologie");
      this.spoken = page;
    }
    const phase = running ? "started" : "ended";
    if (this.phase !== phase && summary) {
      const told = running ? `Exécution commencée${NBSP}: ${this.run.head.title}` : `Exécution terminée${NBSP}: ${summary}`;
      if (running || this.phase) this.status.textContent = told;
      this.phase = phase;
    }
  }

  finish({ table, figure }) {
    this.data.innerHTML = `<details><summary>Voir les données</summary><div class="cp-scroll" tabindex="0" role="region" aria-label="Données de l’exécution"></div></details>`;
    this.data.querySelector(".cp-scroll").innerHTML = table;
    this.final.innerHTML = `<details><summary>Voir la figure à garder</summary></details>`;
    this.final.firstChild.insertAdjacentHTML("beforeend", figure);
  }

  legends() {
    const shown = new Set([...this.run.items.values()].map((item) => item.kind));
    const names = LEGEND.filter(([kind]) => shown.has(kind));
    const text = names.map(([kind]) => kind).join();
    if (this.legend.dataset.kinds === text) return;
    this.legend.dataset.kinds = text;
    this.legend.replaceChildren();
    for (const [kind, name] of names) {
      const entry = html("span", "cp-key", this.legend);
      html("span", `cp-swatch cp-swatch-${kind}`, entry);
      entry.append(name);
    }
  }

  // -- geometry ---------------------------------------------------------------------------------------------------------

  resize() {
    if (!this.run.head || this.stage.clientWidth === this.width) return;
    this.measure();
    this.relayout();
  }

  measure() {
    const { head } = this.run;
    this.width = this.stage.clientWidth || 800;
    this.font = getComputedStyle(this.stage).fontFamily;
    this.left = 18 + Math.max(34, ...head.lanes.map((lane) => this.textWidth(lane.host, this.hostSize())));
    this.plot = Math.max(60, this.width - this.left - 12);
    this.top = TOP + MARK * this.verticals().length;
    const tops = [this.top];
    for (const lane of head.lanes) {
      const { controller, job, pad, banner } = head.heights;
      tops.push(tops[tops.length - 1] + ROW * (2 * pad + controller + lane.rows * job + (lane.banner ? banner : 0)));
    }
    this.tops = tops;
    this.bottom = tops[tops.length - 1];
    this.floor = this.bottom + GAP + CURVE;
    set(this.svg, { width: this.width, height: this.floor + AXIS });
    set(this.clip, { x: this.left, y: 0, width: this.plot, height: this.floor });
  }

  hostSize() {
    return { full: 13, compact: 11, strips: 9 }[this.run.head.detail];
  }

  textWidth(text, size = 11) {
    const key = `${size}/${text}`;
    if (!this.widths.has(key)) {
      this.pen.font = `${size}px ${this.font}`;
      this.widths.set(key, this.pen.measureText(text).width);
    }
    return this.widths.get(key);
  }

  /** The seconds shown: what the reader zoomed on, or the whole run with some room to grow. */
  range() {
    if (this.zoomed) return this.zoomed;
    const { head } = this.run;
    const known = Math.max(this.run.now(), head.forecast ?? 0, head.deadline ?? 0);
    return [head.from, this.run.running ? Math.max(this.reach ?? 0, lowerBound(SPANS, known * 1.06)) : Math.max(1, known * 1.02)];
  }

  x(t) {
    return this.left + ((t - this.from) / (this.to - this.from)) * this.plot;
  }

  band(item) {
    const { controller, job, pad, banner } = this.run.head.heights;
    const lane = this.run.head.lanes[item.lane];
    const top = this.tops[item.lane];
    if (item.kind === "fault") return [top, this.tops[item.lane + 1] - top];
    const first = top + ROW * (pad + (lane.banner ? banner : 0));
    if (["block", "ghost-block", "poll"].includes(item.kind)) {
      const margin = ROW * controller * (item.tall ? 0 : item.kind === "ghost-block" ? 0.1 : 0.2);
      return [first + margin, ROW * controller - 2 * margin];
    }
    if (item.kind === "launch") return [first, ROW * controller];
    const row = first + ROW * (controller + item.row * job);
    if (item.kind === "wait") return [row + ROW * job * 0.8, ROW * job * 0.2];
    const margin = ROW * job * (item.kind === "density" ? 0 : item.kind === "ghost-job" ? 0.03 : 0.12);
    return [row + margin, ROW * job - 2 * margin];
  }

  until(item) {
    return item.x1 === undefined ? Math.max(item.x0, this.run.now()) : item.x1;
  }

  // -- drawing ----------------------------------------------------------------------------------------------------------

  relayout() {
    [this.from, this.to] = this.range();
    this.reach = this.zoomed ? this.reach : this.to;
    this.drawAxis();
    this.drawMarks();
    for (const item of this.run.items.values()) this.put(item);
    this.traceCurve();
    this.frame();
    this.showCursor();
  }

  drawAxis() {
    const { head } = this.run;
    const drawn = JSON.stringify([this.from, this.to, this.left, this.plot, this.floor, this.tops, head.lanes, head.detail]);
    if (this.axis === drawn) return;
    this.axis = drawn;
    this.grid.replaceChildren();
    this.names.replaceChildren();
    this.labels.replaceChildren();
    this.named = undefined; // the curve's names went with the labels
    const step = lowerBound(STEPS, ((this.to - this.from) / this.plot) * 62);
    for (let k = Math.ceil(this.from / step); k * step <= this.to; k += 1) {
      const x = this.x(k * step);
      svg("line", { x1: x, x2: x, y1: this.top, y2: this.floor }, this.grid);
      const text = svg("text", { x, y: this.floor + 14, "text-anchor": "middle" }, this.labels);
      text.textContent = String(Math.round(k * step * 10) / 10).replace(".", ",");
    }
    const unit = svg("text", { x: this.left + this.plot / 2, y: this.floor + 29, "text-anchor": "middle" }, this.labels);
    unit.textContent = "secondes depuis le départ";
    this.tops.slice(0, -1).forEach((top, k) => {
      svg("line", { class: "cp-rule", x1: 6, x2: this.left + this.plot, y1: top, y2: top }, this.grid);
      const middle = (top + this.tops[k + 1]) / 2;
      const name = svg("text", { x: this.left - 10, y: middle, "text-anchor": "end", "font-size": this.hostSize() }, this.names);
      name.textContent = head.lanes[k].host;
    });
    svg("rect", { class: "cp-frame", x: this.left, y: this.top, width: this.plot, height: this.bottom - this.top }, this.grid);
    svg("rect", { class: "cp-frame", x: this.left, y: this.floor - CURVE, width: this.plot, height: CURVE }, this.grid);
  }

  verticals() {
    const { forecast, deadline } = this.run.head;
    return [["forecast", "prévision", forecast], ["deadline", "échéance", deadline]].filter(([, , at]) => at !== undefined && at !== null);
  }

  drawMarks() {
    this.marks.replaceChildren();
    this.marksBehind.replaceChildren();
    this.verticals().forEach(([kind, name, at], number) => {
      const x = this.x(at);
      const parent = kind === "forecast" ? this.marksBehind : this.marks;
      svg("line", { class: `cp-mark cp-${kind}`, x1: x, x2: x, y1: this.top, y2: this.bottom }, parent);
      const label = `${name}${NBSP}: ${seconds(at, Number.isInteger(at) ? 0 : 1)}`;
      const late = x + this.textWidth(label) + 6 > this.left + this.plot;
      const text = svg("text", { class: `cp-mark-name cp-${kind}`, x: x + (late ? -2 : 2), y: TOP + MARK * number + 9, "text-anchor": late ? "end" : "start" }, this.marks);
      text.textContent = label;
    });
  }

  put(item) {
    let shape = this.shapes.get(item.key);
    if (!shape) {
      shape = this.make(item);
      this.shapes.set(item.key, shape);
    }
    shape.item = item;
    if (this.grows(item)) this.growing.add(shape);
    else this.growing.delete(shape);
    this.dress(shape);
    this.place(shape);
  }

  /** Whether a drawable, or the place of its label after a detection delay, moves with the clock. */
  grows(item) {
    return item.kind !== "launch" && (item.x1 === undefined || (item.kind === "job" && item.after === undefined));
  }

  drop(key) {
    const shape = this.shapes.get(key);
    if (!shape) return;
    for (const node of [shape.root, shape.text, shape.hair]) node?.remove();
    this.growing.delete(shape);
    this.shapes.delete(key);
  }

  make(item) {
    const host = this.run.head.lanes[item.lane].host;
    const name = item.kind === "job" ? "bar" : item.kind;
    const layer = item.kind === "launch" ? "dot" : item.kind;
    const root = svg("g", { class: `cp-${name}`, "data-key": item.key, "data-host": host }, this.layers[layer]);
    const shape = { root };
    if (item.kind === "launch") {
      shape.hair = svg("line", { class: "cp-hair" }, this.layers.launch); // behind the bars; dots stand in front of them
      shape.dot = svg("circle", { r: 3 }, root);
    } else {
      shape.rect = svg("rect", { rx: item.kind === "job" ? 2 : 0 }, root);
      if (item.kind === "delay") shape.rect.style.fill = `url(#${this.id}-delay)`;
      if (item.kind === "job") shape.over = svg("rect", { class: "cp-over", style: `fill: url(#${this.id}-running)` }, root);
      if (item.kind === "job") shape.glyph = svg("path", { class: "cp-glyph" }, root);
    }
    if (item.label) shape.text = svg("text", { class: `cp-label cp-label-${name}` }, this.layers.text);
    return shape;
  }

  /** What does not depend on time: state, colour, glyph. */
  dress({ item, root, rect, over, glyph }) {
    root.dataset.state = item.state ?? "";
    if (item.tall) root.classList.add("cp-found");
    if (item.kind === "density") rect.style.fillOpacity = 0.25 + 0.75 * (item.count / this.run.head.most);
    if (!glyph) return;
    over.style.display = item.state === "running" ? "" : "none";
    const scale = this.run.head.detail === "full" ? 4.2 : 2.6;
    const strokes = this.run.head.strokes[item.state] ?? [];
    set(glyph, { d: strokes.map((stroke) => `M${stroke.map(([x, y]) => `${(x * scale).toFixed(1)} ${(-y * scale).toFixed(1)}`).join("L")}`).join("") });
  }

  /** What does: called for each shape when the axis changes, and at each beat of the clock for those that grow. */
  place(shape) {
    const { item } = shape;
    const [y, height] = this.band(item);
    const x0 = this.x(item.x0);
    if (item.kind === "launch") return this.placeLaunch(shape, x0, y + height / 2);
    let x = x0;
    let width = this.x(this.until(item)) - x0;
    const least = { poll: 3, fault: 3 }[item.kind] ?? 1.5;
    if (width < least) {
      if (item.x1 !== undefined) x -= least - width;
      width = least;
    }
    for (const rect of [shape.rect, shape.over]) {
      if (rect) set(rect, { x, y, width, height });
    }
    if (shape.glyph) this.placeGlyph(shape, x, width, y + height / 2);
    if (shape.text) this.placeText(shape, x, width, y, height);
  }

  placeLaunch(shape, x, y) {
    const { item, hair, dot } = shape;
    const { controller, job } = this.run.head.heights;
    set(dot, { cx: x, cy: y, r: this.run.head.detail === "full" ? 3 : 1.8 });
    const landed = item.target !== undefined;
    hair.style.display = landed ? "" : "none";
    if (!landed) return;
    set(hair, { x1: x, y1: y, x2: this.x(item.target), y2: y + ROW * (controller / 2 + (item.row + 0.12) * job) });
  }

  placeGlyph({ item, root, glyph }, x, width, y) {
    const folded = this.run.head.detail === "strips";
    const inside = width >= 16 && item.state !== "unconfirmed" && !folded;
    root.classList.toggle("cp-outside", !inside);
    const far = folded ? x : inside || item.state === "unconfirmed" ? x + width - 9 : x + width + 8;
    glyph.style.display = inside || item.state !== "succeeded" ? "" : "none";
    set(glyph, { transform: `translate(${far.toFixed(1)} ${y.toFixed(1)})` });
  }

  placeText(shape, x, width, y, height) {
    const { item, text } = shape;
    if (item.kind === "fault") return this.write(text, item.label, Math.min(x + 5, this.left + this.plot - this.textWidth(item.label) - 8), y + 13, true);
    if (item.kind === "block") return this.write(text, item.label, x + width + 5, y + height / 2, true);
    if (this.run.head.detail !== "full") return this.write(text, "", 0, 0, false);
    const own = this.textWidth(item.label);
    const start = Math.max(x, this.left);
    const inside = x + width - start - 10 - (this.run.head.strokes[item.state] ? 14 : 0);
    const edge = Math.max(x + width, this.x(item.after ?? this.run.now()));
    const after = (item.room === undefined ? this.left + this.plot : Math.min(this.left + this.plot, this.x(item.room))) - edge - 12;
    const before = x - (item.before === undefined ? this.left : this.x(item.before)) - 12;
    const middle = y + height / 2;
    if (own <= inside) this.write(text, item.label, start + 5, middle, false);
    else if (own <= after) this.write(text, item.label, edge + 5, middle, true);
    else if (own <= before) this.write(text, item.label, x - own - 6, middle, true);
    else this.write(text, this.shortened(item.label, inside), start + 5, middle, false);
  }

  write(text, label, x, y, outside) {
    if (text.textContent !== label) text.textContent = label;
    set(text, { x, y });
    text.classList.toggle("cp-outside", outside);
  }

  shortened(label, room) {
    for (let length = label.length - 1; length > 2; length -= 1) {
      const short = `${label.slice(0, length).trimEnd()}…`;
      if (this.textWidth(short) <= room) return short;
    }
    return "";
  }

  traceCurve() {
    const { head, curve } = this.run;
    const most = Math.max(1, head.limit ?? 0, ...curve.map(([, n]) => n));
    const y = (n) => this.floor - 1 - (n / (most * 1.25)) * (CURVE - 2);
    let path = "";
    for (const [t, n] of curve) path += path ? `H${this.x(t).toFixed(1)}V${y(n).toFixed(1)}` : `M${this.x(t).toFixed(1)} ${y(n).toFixed(1)}`;
    this.steps = path;
    const named = `${most}/${head.limit}/${head.curve}`;
    if (this.named !== named) this.nameCurve(most, y);
    this.named = named;
  }

  nameCurve(most, y) {
    for (const node of this.labels.querySelectorAll(".cp-level")) node.remove();
    for (const n of [0, most]) {
      const text = svg("text", { class: "cp-level", x: this.left - 6, y: y(n) + (n ? 4 : 0), "text-anchor": "end" }, this.labels);
      text.textContent = n;
    }
    const name = svg("text", { class: "cp-level cp-curve-name", x: this.left, y: this.floor - CURVE - 5 }, this.labels);
    name.textContent = this.run.head.curve;
    const { limit } = this.run.head;
    if (limit === undefined || limit === null) return;
    svg("line", { class: "cp-level cp-mark cp-deadline", x1: this.left, x2: this.left + this.plot, y1: y(limit), y2: y(limit) }, this.labels);
    const text = svg("text", { class: "cp-level cp-mark-name cp-deadline", x: this.left + this.plot - 4, y: y(limit) - 4, "text-anchor": "end" }, this.labels);
    text.textContent = `limite${NBSP}: ${limit}`;
  }

  /** One tick of the page's clock. */
  frame() {
    if (!this.run.head || this.width === undefined) return;
    const now = this.run.now();
    if (!this.zoomed && this.run.running && now > this.to) return this.relayout();
    for (const shape of this.growing) this.place(shape);
    if (this.steps) {
      set(this.line, { d: `${this.steps}H${this.x(now).toFixed(1)}` });
      set(this.area, { d: `${this.steps}H${this.x(now).toFixed(1)}V${this.floor - 1}H${this.x(this.run.curve[0][0]).toFixed(1)}Z` });
    }
    const x = this.x(now);
    set(this.nowLine, { x1: x, x2: x, y1: this.top, y2: this.floor });
    const stale = this.run.running && this.run.silent();
    this.root.classList.toggle("cp-stale", stale);
    const told = stale ? "plus de nouvelles du noyau" : seconds(now);
    if (this.clock.textContent !== told) this.clock.textContent = told;
    this.advance(now);
    if (this.pointed && this.growing.has(this.shapes.get(this.pointed))) this.fillTip(this.shapes.get(this.pointed).item);
    if (this.cursor) this.placeRing();
  }

  /** How far the run is towards the end that something makes one expect; beyond it, nobody knows how long it still takes. */
  advance(now) {
    const { expected } = this.run.head;
    this.progress.hidden = !expected || !this.run.running;
    if (this.progress.hidden) return;
    const late = now > expected.at;
    const share = Math.floor(Math.min(1, Math.max(0, now / expected.at)) * 100);
    this.done.style.width = `${Math.min(100, (now / expected.at) * 100).toFixed(2)}%`;
    const told = late ? `au-delà de ${seconds(expected.at)}` : `sur ${seconds(expected.at)}, ${expected.by}`;
    if (this.hoped.textContent !== told) this.hoped.textContent = told;
    this.progress.classList.toggle("cp-late", late);
    if (this.progress.dataset.share === String(late || share)) return; // screen readers are not told sixty times a second
    this.progress.dataset.share = late || share;
    this.progress.setAttribute("aria-label", `Avancement, ${expected.by}`);
    this.progress.setAttribute("aria-valuetext", late ? told : `${share}${NBSP}% de ${seconds(expected.at)}`);
    if (late) this.progress.removeAttribute("aria-valuenow");
    else this.progress.setAttribute("aria-valuenow", share);
  }

  // -- pointer and keyboard ---------------------------------------------------------------------------------------------

  listen() {
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.cursor || this.hideTip());
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("blur", () => this.leave());
  }

  point(event) {
    if (this.held) return this.drag(event);
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    if (!key || !this.shapes.has(key)) return this.cursor || this.hideTip();
    const box = this.stage.getBoundingClientRect();
    this.showTip(key, event.clientX - box.left, event.clientY - box.top);
  }

  showTip(key, x, y) {
    this.pointed = key;
    this.fillTip(this.shapes.get(key).item);
    this.tip.hidden = false;
    const width = this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(x + 14, this.width - width - 4))}px`;
    this.tip.style.top = `${y + 18}px`;
  }

  fillTip(item) {
    const lines = item.tip.split(" · ");
    if (item.kind === "job" && item.x1 === undefined) lines.push(`en cours depuis ${seconds(this.run.now() - item.x0)}`);
    if (item.kind === "delay" && item.x1 === undefined) lines.push(`délai de détection${NBSP}: ${seconds(this.run.now() - item.x0)} déjà`);
    const text = lines.join("\n");
    if (this.tip.textContent !== text) this.tip.textContent = text;
  }

  hideTip() {
    this.pointed = null;
    this.tip.hidden = true;
  }

  grab(event) {
    if (event.button || !this.zoomed) return;
    this.held = { x: event.clientX, range: [...this.zoomed] };
    this.svg.setPointerCapture(event.pointerId);
    this.svg.addEventListener("pointerup", () => (this.held = null), { once: true });
  }

  drag(event) {
    const [from, to] = this.held.range;
    const shift = ((this.held.x - event.clientX) / this.plot) * (to - from);
    this.zoomed = [from + shift, to + shift];
    this.relayout();
  }

  wheel(event) {
    if (event.ctrlKey) {
      event.preventDefault();
      const box = this.svg.getBoundingClientRect();
      this.zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, this.from + ((event.clientX - box.left - this.left) / this.plot) * (this.to - this.from));
    } else if (this.zoomed && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      const shift = (event.deltaX / this.plot) * (this.to - this.from);
      this.zoomed = [this.from + shift, this.to + shift];
      this.relayout();
    }
  }

  zoom(factor, around = null) {
    if (!this.run.head) return;
    const bar = this.cursor && this.run.items.get(this.cursor);
    const middle = around ?? (bar ? (bar.x0 + this.until(bar)) / 2 : this.run.running ? this.run.now() : (this.from + this.to) / 2);
    const share = Math.min(1, Math.max(0, (middle - this.from) / (this.to - this.from)));
    const span = Math.max(0.5, (this.to - this.from) * factor);
    this.zoomed = null;
    const [from, to] = this.range();
    this.zoomed = span >= to - from ? null : [middle - share * span, middle + (1 - share) * span];
    this.relayout();
  }

  reset() {
    this.zoomed = null;
    if (this.run.head) this.relayout();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (moves[event.key]) this.move(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(1 / 1.6);
    else if (event.key === "-") this.zoom(1.6);
    else if (event.key === "0") this.reset();
    else if (event.key === "Escape" && (this.cursor || !this.tip.hidden)) this.leave();
    else return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab has shortcuts of its own on these keys
  }

  /** Go to the next bar of the same node, or to the one nearest in time on the next node. */
  move(down, right) {
    const bars = [...this.run.items.values()].filter((item) => item.kind === "job").sort((a, b) => a.lane - b.lane || a.x0 - b.x0 || a.row - b.row);
    if (!bars.length) return;
    const here = this.run.items.get(this.cursor);
    let next = here ?? bars[0];
    if (here && right) {
      const mates = bars.filter((bar) => bar.lane === here.lane);
      next = mates[mates.indexOf(here) + right] ?? here;
    } else if (here && down) {
      const lanes = [...new Set(bars.map((bar) => bar.lane))];
      const lane = lanes[lanes.indexOf(here.lane) + down];
      const mates = bars.filter((bar) => bar.lane === lane);
      next = mates.sort((a, b) => Math.abs(a.x0 - here.x0) - Math.abs(b.x0 - here.x0))[0] ?? here;
    }
    this.cursor = next.key;
    this.said.textContent = next.tip;
    if (this.zoomed && (next.x0 < this.from || next.x0 > this.to)) {
      const span = this.to - this.from;
      this.zoomed = [next.x0 - span * 0.2, next.x0 + span * 0.8];
      this.relayout();
    }
    this.showCursor();
  }

  showCursor() {
    const shape = this.shapes.get(this.cursor);
    this.ring.style.display = shape ? "" : "none";
    if (!shape) return;
    this.placeRing();
    const [y, height] = this.band(shape.item);
    this.showTip(this.cursor, Math.max(this.left, this.x(shape.item.x0)), y + height - 10);
  }

  placeRing() {
    const shape = this.shapes.get(this.cursor);
    if (!shape) return;
    const value = (name) => Number(shape.rect.getAttribute(name));
    const box = { x: value("x") - 2, y: value("y") - 2, width: value("width") + 4, height: value("height") + 4 };
    for (const [name, number] of Object.entries(box)) this.ring.setAttribute(name, number);
  }

  leave() {
    this.cursor = null;
    this.said.textContent = "";
    this.ring.style.display = "none";
    this.hideTip();
  }
}

// -- the widget's two entries -------------------------------------------------------------------------------------------

function runOf(model) {
  if (!runs.has(model)) runs.set(model, new Run(model));
  return runs.get(model);
}

export default {
  initialize({ model }) {
    runOf(model);
  },
  render({ model, el }) {
    const view = new View(runOf(model), el);
    return () => view.destroy();
  },
};
