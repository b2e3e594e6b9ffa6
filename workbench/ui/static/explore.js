// Explore: what the samples are; every mark is a filter, every filter is in the address.
(() => {
  "use strict";
  const { el, api, post, number, query, setQuery, whenPresent, showError, onStatus, refresh, page } = window.winnow;
  if (page !== "explore") return;
  const { bars, histogram } = window.winnowMarks;
  const PAPER = "paper: OSS-Instruct 0.105, Evol-Instruct 0.131, Self-Instruct 0.169";
  const REFRESH_MS = 3000;
  const FACETS = [["finding", "Findings"], ["verdict", "Verdict"], ["language", "Language"], ["licence", "Licence"]];
  const VERDICT_KINDS = { accepted: "x-good", rejected: "bad", undecided: "x-quiet" };

  let filters = {};          // as in the address, without how the map is coloured
  let colour = "category";
  let found = null;          // the last answer of /api/explore
  let rows = [];
  let more = false;
  let turn = 0;              // an answer to an older question is thrown away
  let loading = false;
  let shownCounts = null;
  let loadedAt = 0;
  let status = null;
  const opened = new Set();  // facets shown to their last row
  const parts = {};

  function readAddress() {
    const { colour: by, ...rest } = query();
    colour = by === "cluster" ? by : "category";
    filters = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ""));
  }

  const filterText = (extra = {}) => new URLSearchParams({ ...filters, ...extra }).toString();
  const address = (path, extra) => { const text = filterText(extra); return text ? `${path}?${text}` : path; };

  // A new condition is a step that the browser's back button takes back.
  function go(next) {
    filters = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined));
    history.pushState(null, "", address(location.pathname, colour === "cluster" ? { colour } : {}));
    load();
  }

  function without(...names) {
    return Object.fromEntries(Object.entries(filters).filter(([name]) => !names.includes(name)));
  }

  const choose = (name, value) => go(filters[name] === String(value) ? without(name) : { ...filters, [name]: String(value) });
  const chooseSimilarity = ({ low, high }) => go({ ...filters, min_similarity: low, max_similarity: high });

  // Reading

  async function load({ live = false } = {}) {
    const mine = ++turn;
    loading = true;
    parts.root.setAttribute("aria-busy", "true");
    try {
      const wanted = live ? Math.max(1, rows.length) : 1;
      const [answer, table] = await Promise.all([api(`explore?${filterText()}`), readRows(wanted)]);
      if (mine !== turn) return;
      found = answer;
      ({ rows, more } = table);
      paint();
    } catch (error) {
      if (mine !== turn) return;
      showError(error);
      if (!live) paintFailure(error);
    } finally {
      if (mine === turn) {
        loading = false;
        loadedAt = Date.now();
        parts.root.removeAttribute("aria-busy");
      }
    }
  }

  // Pages by key, until there are as many rows as are shown now.
  async function readRows(wanted, known = []) {
    const table = { rows: [...known], more: true };
    while (table.more && table.rows.length < wanted) {
      const answer = await api(`samples?${filterText({ after: table.rows.at(-1)?.position ?? 0 })}`);
      table.rows.push(...answer.rows);
      table.more = answer.more;
    }
    return table;
  }

  async function readMore() {
    const mine = turn;
    try {
      const table = await readRows(rows.length + 1, rows);
      if (mine !== turn) return;
      ({ rows, more } = table);
      keepFocus(paintTable);
    } catch (error) { showError(error); }
  }

  // What runs elsewhere changes the samples: follow, but not at every tick.
  function follow(newest) {
    status = newest;
    paintAnalyze();
    const { samples, accepted, reviewed, unanalyzed } = newest.counts;
    const counts = [samples, accepted, reviewed, unanalyzed].join();
    if (shownCounts === null) shownCounts = counts;
    if (counts === shownCounts || loading || Date.now() - loadedAt < REFRESH_MS) return;
    shownCounts = counts;
    load({ live: true });
  }

  async function analyze() {
    parts.analyze.disabled = true;
    try { await post("analyze"); } catch (error) { showError(error); }
    await refresh();
  }

  // The page, built once; painting fills its parts

  function panel(title, node, kind = "") {
    return el("section", { class: `w-panel ${kind}`, "aria-label": title }, el("h2", {}, title), node);
  }

  function build() {
    const box = (kind) => el("div", { class: kind });
    Object.assign(parts, {
      sentence: box("w-chips"), actions: box("w-chips"), state: box("x-state"), figures: box("w-figures"),
      map: el("div", { class: "x-plot", role: "group", "aria-label": "Map of the samples; the table below lists them" }), mapNote: el("span", { class: "w-muted" }), cluster: box("w-bars x-clusters"),
      category: box("w-bars x-categories"), similarity: box("x-similarity"), table: box("w-scroll"),
      count: el("span", { class: "x-count", role: "status", tabindex: "-1" }, "Loading…"),
      analyze: el("button", { class: "w-button w-primary", type: "button", hidden: true, onclick: analyze }),
      colours: ["category", "cluster"].map((by) => el("button", { type: "button", "data-key": `by:${by}`, onclick: () => paintBy(by) }, by)),
    });
    for (const [name] of FACETS) parts[name] = box("w-bars");
    parts.overview = el("section", { class: "w-panel", "aria-label": "Figures" }, parts.figures);
    parts.marks = el("div", { class: "x-two" },
      el("div", { class: "x-side" }, mapPanel(), panel("Clusters", parts.cluster)),
      el("div", { class: "x-side" }, panel("Categories", parts.category), panel("Similarity to HumanEval", parts.similarity),
        el("div", { class: "w-panel x-facets" }, FACETS.map(([name, title]) => el("section", { "aria-label": title }, el("h2", {}, title), parts[name])))));
    parts.list = panel("Samples", parts.table);
    parts.root.replaceChildren(
      el("div", { class: "w-head x-head", id: "page" }, el("h1", {}, "Explore"), parts.sentence, parts.actions),
      el("div", { class: "x-page" }, parts.overview, parts.state, parts.marks, parts.list));
    parts.sentence.append(parts.count);
    show({});
  }

  function mapPanel() {
    return el("section", { class: "w-panel x-map", "aria-label": "Map" },
      el("div", { class: "x-line" }, el("h2", {}, "Map"), parts.mapNote,
        el("span", { class: "x-choice", role: "group", "aria-label": "Colour by" }, el("span", { class: "w-muted", "aria-hidden": "true" }, "Colour by"), parts.colours)),
      el("div", { class: "x-frame" }, parts.map));
  }

  const show = ({ state = false, overview = false, marks = false, list = false }) => {
    for (const [name, visible] of Object.entries({ state, overview, marks, list })) parts[name].hidden = !visible;
  };

  // What has the focus is often painted anew: it gets it back, or the sentence on top does.
  function keepFocus(work) {
    const before = document.activeElement;
    work();
    if (!before?.dataset?.key || before.isConnected) return;
    const after = parts.root.querySelector(`[data-key="${CSS.escape(before.dataset.key)}"]:not(:disabled)`);
    (after ?? parts.count).focus({ preventScroll: true });
  }

  const paint = () => keepFocus(() => {
    const { totals } = found;
    parts.root.dataset.command = command(found.filter);
    paintHead();
    paintFigures();
    paintState();
    show({ state: !totals.samples || !totals.analysed, overview: totals.samples, marks: totals.analysed, list: totals.samples });
    if (totals.analysed) paintMarks();
    paintTable();
    paintAnalyze();
  });

  function command(expression) {
    const quoted = `'${expression.replaceAll("'", "'\\''")}'`;
    return `python -m workbench analyze\npython -m workbench export NAME${expression ? ` --filter ${quoted}` : ""}`;
  }

  function conditions() {
    const { min_similarity: low, max_similarity: high, ...rest } = filters;
    const list = Object.entries(rest).map(([name, value]) => ({ names: [name], text: words(name, value) }));
    const range = low === undefined ? `below ${high}` : high === undefined ? `from ${low}` : `${low} to ${high}`;
    if (low !== undefined || high !== undefined) list.push({ names: ["min_similarity", "max_similarity"], text: `similarity ${range}` });
    return list;
  }

  function words(name, value) {
    if (name === "finding" && value === "any") return "with findings";
    if (name === "finding" && value === "none") return "without findings";
    if (name === "cluster") return `cluster ${clusterTitle(value)}`;
    return `${name.replaceAll("_", " ")} ${name === "finding" ? spaced(value) : value}`;
  }

  const spaced = (reason) => reason.replaceAll("_", " ");
  const clusterTitle = (value) => found?.clusters[value]?.title || String(value);

  function paintHead() {
    const { totals, all } = found;
    const chips = conditions().map(({ names, text }) => el("button", {
      class: "w-chip", type: "button", "data-key": `chip:${names[0]}`, "aria-label": `Remove the condition: ${text}`, onclick: () => go(without(...names)),
    }, el("span", { class: "x-chip", title: text }, text), el("span", { "aria-hidden": "true" }, "×")));
    const count = chips.length ? `${number(totals.samples)} of ${number(all)}:` : `${number(all)} ${all === 1 ? "sample" : "samples"}`;
    if (parts.count.textContent !== count) parts.count.textContent = count;
    const clear = el("button", { class: "w-button", type: "button", "data-key": "clear", onclick: () => go({}) }, "Clear all");
    parts.sentence.replaceChildren(parts.count, ...chips, ...(chips.length ? [clear] : []));
    const links = [["Review these", "/review"], ["Export these", "/train"]].map(([label, path]) => el("a", { class: "w-button", "data-key": path, href: address(path) }, label));
    parts.actions.replaceChildren(...(totals.samples ? links : []));
  }

  function paintAnalyze() {
    if (!found || !status) return;
    const waiting = status.counts.unanalyzed;
    const running = status.jobs.some((job) => job.running && job.kind === "analyze");
    const home = found.totals.analysed ? parts.actions : parts.state.firstChild;
    if (home && parts.analyze.parentNode !== home) home.append(parts.analyze);
    parts.analyze.hidden = !waiting || !found.totals.samples;
    parts.analyze.disabled = running;
    parts.analyze.textContent = running ? "Analyzing…" : `Analyze ${number(waiting)} new`;
  }

  function paintFigures() {
    const { totals } = found;
    const checked = (value) => number(totals.analysed ? value : null);
    const figure = (value, label, note) => el("div", {}, el("b", {}, value), el("span", {}, label), note ? el("span", { class: "x-note" }, note) : null);
    const partly = totals.analysed < totals.samples ? `${number(totals.analysed)} analyzed` : null;
    parts.figures.replaceChildren(
      figure(number(totals.samples), "samples", partly), figure(checked(totals.duplicates), "duplicates"),
      figure(checked(totals.contaminated), "contaminated"), figure(number(totals.accepted), "accepted"),
      figure(number(totals.similarity, 3), "mean similarity to HumanEval", PAPER));
  }

  function empty(title, text, ...actions) {
    return el("div", { class: "w-empty" }, el("b", {}, title), el("p", {}, text), ...actions);
  }

  const clearFilters = () => el("button", { class: "w-button w-primary", type: "button", "data-key": "clear-filters", onclick: () => go({}) }, "Clear filters");

  function paintState() {
    const { all, totals } = found;
    if (!all) parts.state.replaceChildren(empty("No samples yet", "Here you see what the samples are: categories, clusters, how near they are to HumanEval.", el("a", { class: "w-button w-primary", href: "/generate" }, "Generate samples")));
    else if (!totals.samples) parts.state.replaceChildren(empty("No sample matches", "The conditions above leave nothing.", clearFilters()));
    else if (!totals.analysed) parts.state.replaceChildren(empty("Not analyzed yet", "The analysis checks these samples and measures their categories, clusters, similarity and lengths."));
    else parts.state.replaceChildren();
  }

  function paintFailure(error) {
    found = null;
    rows = [];
    parts.count.textContent = "";
    parts.sentence.replaceChildren(parts.count);
    parts.actions.replaceChildren();
    parts.state.replaceChildren(empty("The samples cannot be shown", error.message, clearFilters()));
    show({ state: true });
  }

  function paintMarks() {
    const { facets, histogram: counts, histogram_step: step } = found;
    const open = (facet) => {
      const first = parts[facet].children.length - 1; // the button itself makes room for it
      opened.add(facet);
      paintMarks();
      parts[facet].children[first].focus();
    };
    const rowsOf = (facet, options) => parts[facet].replaceChildren(
      ...bars(facets[facet], { facet, chosen: filters[facet], choose, open, opened: opened.has(facet), ...options }));
    rowsOf("category", { places: colour === "category" ? places() : null });
    rowsOf("cluster", { name: clusterTitle, most: 20, places: colour === "cluster" ? places() : null });
    rowsOf("finding", { name: spaced, most: 6, kind: (reason) => (reason === "none" ? "x-quiet" : "bad") });
    rowsOf("verdict", { kind: (verdict) => VERDICT_KINDS[verdict] });
    rowsOf("language", { most: 6 });
    rowsOf("licence", { most: 6 });
    const chosen = { low: filters.min_similarity, high: filters.max_similarity };
    parts.similarity.replaceChildren(...histogram(counts, step, { chosen, choose: chooseSimilarity }));
    paintMap();
  }

  // In an order that no filter changes, so that a group keeps its colour.
  function places() {
    const values = found.facets[colour].map(([value]) => value);
    values.sort(colour === "cluster" ? (one, other) => one - other : undefined);
    return new Map(values.map((value, index) => [value, index]));
  }

  function paintBy(by) {
    colour = by;
    setQuery({ ...filters, colour: by === "cluster" ? by : "" });
    keepFocus(paintMarks);
  }

  function paintMap() {
    const { points, totals } = found;
    const drawn = points.id.length;
    parts.colours.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === colour)));
    parts.mapNote.textContent = drawn < totals.analysed ? `the first ${number(drawn)} of ${number(totals.analysed)}` : "a click opens the sample";
    const open = (id) => { location.href = address("/review", { sample: id }); };
    const describe = (category, cluster) => [category, clusterTitle(cluster)];
    window.winnowMap.drawMap(parts.map, points, { by: colour, places: places(), describe, filter: filterText(), open }).catch(showError);
  }

  // The table

  // Name, width in px (the problem takes the rest), class.
  const COLUMNS = [
    ["Problem"], ["Category", 200], ["Language", 84], ["Problem tokens", 72, "w-num"], ["Solution tokens", 72, "w-num"],
    ["Similarity", 80, "w-num"], ["Nearest task", 124], ["Findings", 190], ["Verdict", 104],
  ];

  function paintTable() {
    const head = el("tr", {}, COLUMNS.map(([text, width, kind]) => el("th", { scope: "col", class: kind, style: width ? `width:${width}px` : null }, text)));
    const table = el("table", { class: "w-table x-table" }, el("thead", {}, head), el("tbody", {}, rows.map(line)));
    const next = el("button", { class: "w-button", type: "button", "data-key": "more", onclick: readMore }, "More");
    const foot = el("div", { class: "x-foot" }, el("span", { class: "w-muted" }, `${number(rows.length)} of ${number(found.totals.samples)}`), more ? next : null);
    parts.table.replaceChildren(table, foot);
  }

  function line(row) {
    const task = el("button", {
      class: "x-link", type: "button", "data-key": `task:${row.id}`, title: "Show the samples nearest to this task",
      onclick: () => choose("nearest_task", row.nearest_task),
    }, row.nearest_task);
    const reasons = row.findings.map(spaced);
    const link = el("a", { "data-key": `row:${row.id}`, href: address("/review", { sample: row.id }) }, row.start || row.id);
    const cell = (content, kind, title) => el("td", { class: kind, title }, content);
    return el("tr", {},
      cell(link), cell((row.category ?? "–").replace(/ Problems$/, ""), null, row.category), cell(row.language || "–"),
      cell(number(row.problem_tokens), "w-num"), cell(number(row.solution_tokens), "w-num"), cell(number(row.similarity, 2), "w-num"),
      cell(row.nearest_task ? task : "–"), cell(reasons.map((reason) => el("span", { class: "w-tag" }, reason)), null, reasons.join(", ") || null),
      cell(el("span", { class: `w-tag ${row.verdict}` }, row.verdict)));
  }

  whenPresent("#explore-root", (root) => {
    parts.root = root;
    build();
    readAddress();
    load();
    addEventListener("popstate", () => { readAddress(); load(); });
    document.addEventListener("winnow-theme", () => { if (found) paintMap(); });
    onStatus(follow);
    refresh(); // the shell's last answer may be older than this page
  });
})();
