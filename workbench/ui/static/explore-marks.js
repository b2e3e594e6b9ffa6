// Explore's marks that are also filters: rows with bars, the histogram, the symbols of the map.
window.winnowMarks = (() => {
  "use strict";
  const { el, number } = window.winnow;
  // One colour and one shape for each group, so that colour alone never tells two apart. Paths fill
  // a box from -8 to 8; the names are Plotly's.
  const SHAPES = [
    ["circle", "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0Z"],
    ["square", "M-5.5 -5.5h11v11h-11Z"],
    ["triangle-up", "M0 -7L7 5.5H-7Z"],
    ["diamond", "M0 -7.5L7.5 0L0 7.5L-7.5 0Z"],
    ["cross", "M-2.5 -7h5v4.5h4.5v5h-4.5v4.5h-5v-4.5h-4.5v-5h4.5Z"],
    ["triangle-down", "M0 7L-7 -5.5H7Z"],
    ["star", "M0 -8L2 -2.6L7.6 -2.5L3.2 1L4.7 6.5L0 3.3L-4.7 6.5L-3.2 1L-7.6 -2.5L-2 -2.6Z"],
    ["x", "M-7 -3.5L-3.5 -7L0 -3.5L3.5 -7L7 -3.5L3.5 0L7 3.5L3.5 7L0 3.5L-3.5 7L-7 3.5L-3.5 0Z"],
    ["pentagon", "M0 -7L6.7 -2.2L4.1 5.7H-4.1L-6.7 -2.2Z"],
    ["triangle-left", "M-7 0L5.5 -7V7Z"],
  ];
  const HISTOGRAM_END = 0.5; // as in the paper; what lies above is one last bar

  // From the eleventh group on a colour comes back with another shape.
  const shapeOf = (index) => SHAPES[(index + Math.floor(index / SHAPES.length)) % SHAPES.length];
  const colourOf = (index) => `--x-group-${index % SHAPES.length}`;

  function swatch(index) {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [name, value] of [["viewBox", "-8 -8 16 16"], ["class", "x-swatch"], ["aria-hidden", "true"]])
      picture.setAttribute(name, value);
    path.setAttribute("d", shapeOf(index)[1]);
    path.style.fill = `var(${colourOf(index)})`;
    picture.append(path);
    return picture;
  }

  function bar([value, count], { facet, chosen, choose, name, places, top, kind }) {
    const pressed = chosen === String(value);
    const fill = el("i", { class: kind?.(value) });
    fill.style.width = `${(100 * count) / top}%`;
    const label = name(value);
    return el("button", {
      class: "w-row", type: "button", "data-key": `${facet}:${value}`, "aria-pressed": String(pressed),
      "aria-label": `${label}: ${number(count)} samples`, title: label, disabled: !count && !pressed,
      onclick: () => choose(facet, value),
    }, el("span", {}, places ? swatch(places.get(value)) : null, short(label)), fill, el("span", {}, number(count)));
  }

  // All ten categories end alike; the full name is the button's label and its tooltip.
  const short = (label) => label.replace(/ Problems$/, "");

  // Rows of [value, count]; those after `most` wait behind a button, but for the chosen one.
  function bars(rows, options) {
    const { facet, chosen, most = 12, opened, open } = options;
    const shown = rows.filter(([value], index) => opened || index < most || String(value) === chosen);
    const settings = { name: String, ...options, top: Math.max(1, ...rows.map(([, count]) => count)) };
    const rest = rows.length - shown.length;
    const more = el("button", { class: "x-more", type: "button", "data-key": `${facet}/more`, onclick: () => open(facet) }, `${rest} more`);
    return [...shown.map((row) => bar(row, settings)), rest ? more : null].filter(Boolean);
  }

  // Bars of `step` from 0 to the end of the paper's plot, then one of everything above it.
  function rangesOf(counts, step) {
    const end = Math.round(HISTOGRAM_END / step);
    const ranges = counts.slice(0, end).map((count, index) => (
      { low: (index * step).toFixed(2), high: ((index + 1) * step).toFixed(2), count }));
    const above = counts.slice(end).reduce((sum, count) => sum + count, 0);
    return [...ranges, { low: HISTOGRAM_END.toFixed(2), high: undefined, count: above }];
  }

  const sameNumber = (one, other) =>
    one === undefined || other === undefined ? one === other : Number(one) === Number(other);

  function histogramBar({ low, high, count }, { chosen, choose, top }) {
    const pressed = sameNumber(chosen.low, low) && sameNumber(chosen.high, high);
    const narrowed = chosen.low !== undefined || chosen.high !== undefined;
    const inside = Number(low) >= Number(chosen.low ?? 0) - 1e-9 && Number(high ?? 1) <= Number(chosen.high ?? 1) + 1e-9;
    const fill = el("i");
    fill.style.height = `${(100 * count) / top}%`;
    const label = `Similarity ${low} ${high ? `to ${high}` : "and more"}: ${number(count)} samples`;
    return el("button", {
      class: `x-column${narrowed && !inside ? " outside" : ""}`, type: "button", tabindex: "-1", title: label, "aria-label": label,
      "data-key": `similarity:${low}`, "aria-pressed": String(pressed), onclick: () => choose(pressed ? {} : { low, high }),
    }, fill);
  }

  // One stop for the tab key; the arrow keys go from bar to bar.
  function walkByArrows(buttons) {
    const enter = (button) => {
      for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
    };
    buttons.forEach((button, index) => {
      button.addEventListener("focus", () => enter(button));
      button.addEventListener("keydown", (event) => {
        const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: buttons.length - 1 }[event.key];
        if (next === undefined || !buttons[next]) return;
        event.preventDefault();
        buttons[next].focus();
      });
    });
    const pressed = buttons.find((button) => button.getAttribute("aria-pressed") === "true");
    enter(pressed ?? buttons[0]);
  }

  function histogram(counts, step, { chosen, choose }) {
    const ranges = rangesOf(counts, step);
    const top = Math.max(1, ...ranges.map((range) => range.count));
    const buttons = ranges.map((range) => histogramBar(range, { chosen, choose, top }));
    walkByArrows(buttons);
    const labels = ["0", "0.1", "0.2", "0.3", "0.4", "0.5+"].map((text) => el("span", {}, text));
    return [
      el("div", { class: "x-columns", role: "toolbar", "aria-label": "Samples by similarity to HumanEval; arrow keys go from bar to bar" }, buttons),
      el("div", { class: "x-axis", "aria-hidden": "true" }, labels),
    ];
  }

  return { bars, histogram, shapeOf, colourOf };
})();
