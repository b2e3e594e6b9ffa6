// Settings: what models cost, a row each; a row is saved when it is left or Enter is pressed.
(() => {
  "use strict";
  const { el, api, post, whenPresent, showError, page } = window.winnow;
  if (page !== "settings") return;
  const NAMES = [["input", "prompt tokens"], ["output", "completion tokens"]];
  let root = null;

  const said = (row, text, kind = "w-muted") => row.lastChild.replaceChildren(el("span", { class: kind }, text));

  function origin({ price, origin: from }) {
    if (!price) return el("span", { class: "w-warn" }, "unknown");
    return el("span", { class: "w-muted" }, from === "settings" ? "from the settings" : "");
  }

  async function save(row, model) {
    const inputs = [...row.querySelectorAll("input[type=number]")];
    const [input, output] = inputs.map((field) => (field.value.trim() === "" ? null : Number(field.value)));
    const before = inputs.map((field) => field.dataset.saved);
    if (inputs.every((field, index) => field.value === before[index])) return;
    if ((input === null) !== (output === null)) { said(row, "give both, or neither"); return; }
    try {
      const known = (await post("prices", { model, input, output })).find((price) => price.model === model);
      // Without a price of its own a model may still have the one of the settings.
      inputs.forEach((field, index) => { field.value = field.dataset.saved = known?.price?.[NAMES[index][0]] ?? ""; });
      if (input !== null) said(row, "saved", "w-good");
      else row.lastChild.replaceChildren(origin(known ?? {}));
    } catch (error) { showError(error); said(row, "not saved", "w-bad"); }
  }

  function priceField(model, name, words, value) {
    return el("input", { type: "number", min: "0", step: "any", inputmode: "decimal", value: value ?? "", "data-saved": value ?? "", placeholder: "unknown",
      "aria-label": `${model || "New model"}: US dollars per million ${words}` });
  }

  function line(known) {
    const fields = NAMES.map(([name, words]) => priceField(known.model, name, words, known.price?.[name]));
    const row = el("tr", {}, el("th", { scope: "row", title: known.model }, known.model), fields.map((field) => el("td", {}, field)), el("td", { "aria-live": "polite" }, origin(known)));
    const leave = () => save(row, known.model);
    row.addEventListener("change", leave);
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") leave(); });
    return row;
  }

  function newLine() {
    const name = el("input", { type: "text", placeholder: "another model", "aria-label": "Another model's name", maxlength: 200 });
    const fields = NAMES.map(([key, words]) => priceField("", key, words));
    const add = async () => {
      const [input, output] = fields.map((field) => (field.value.trim() === "" ? null : Number(field.value)));
      try { paint(await post("prices", { model: name.value, input, output })); } catch (error) { showError(error); }
    };
    const row = el("tr", {}, el("th", { scope: "row" }, name), fields.map((field) => el("td", {}, field)),
      el("td", {}, el("button", { class: "w-button", type: "button", onclick: add }, "Add")));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target !== row.querySelector("button")) add(); });
    return row;
  }

  function paint(prices) {
    const head = el("tr", {}, ["Model", "Prompt", "Completion"].map((text, index) => el("th", { scope: "col", class: index ? "w-num" : null }, text)), el("td"));
    root.replaceChildren(
      el("h2", {}, "Prices"),
      el("p", { class: "w-muted" }, "US dollars per million tokens. Empty is unknown: then costs are said to be unknown, and no cap on money can be kept. Jobs keep the price that they started with."),
      el("div", { class: "w-scroll" }, el("table", { class: "w-table p-table" }, el("thead", {}, head), el("tbody", {}, prices.map(line), newLine()))));
  }

  async function load(node) {
    root = node;
    try { paint(await api("prices")); } catch (error) { showError(error); }
    document.addEventListener("winnow-prices", async () => { try { paint(await api("prices")); } catch (error) { showError(error); } });
    if (location.hash === "#prices") root.scrollIntoView({ block: "center" });
  }

  whenPresent("#prices", load);
})();
