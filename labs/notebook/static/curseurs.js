// Sliders with their names and values, and the table of what they give. Plain <input type="range">: the keyboard, screen readers and
// touch screens know it. Every move is told at once.

const NBSP = "\u00a0";

function node(name, className, parent, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  parent.append(made);
  return made;
}

function told(option, value) {
  const unit = option.unit === "s" || value < 2 ? option.unit : `${option.unit}s`;
  return `${value}${NBSP}${unit}`;
}

function slider(option, model, parent) {
  const row = node("label", "cs-row", parent);
  node("span", "cs-label", row, option.label);
  const input = node("input", "cs-input", row);
  Object.assign(input, { type: "range", min: option.least, max: option.most, step: 1 });
  const output = node("span", "cs-value", row);
  output.setAttribute("aria-hidden", "true"); // the slider itself says it
  const show = () => {
    const value = model.get("values")[option.name];
    input.value = value;
    input.setAttribute("aria-valuetext", told(option, value));
    output.textContent = told(option, value);
    input.disabled = model.get("busy");
  };
  input.addEventListener("input", () => {
    model.set("values", { ...model.get("values"), [option.name]: Number(input.value) });
    model.save_changes();
  });
  show();
  return show;
}

function render({ model, el }) {
  const root = node("div", "cs-root", el);
  const rows = model.get("options").map((option) => slider(option, model, root));
  const refresh = () => rows.forEach((show) => show());
  model.on("change:values", refresh);
  model.on("change:busy", refresh);
  return () => {
    model.off("change:values", refresh);
    model.off("change:busy", refresh);
  };
}

export default { render };
