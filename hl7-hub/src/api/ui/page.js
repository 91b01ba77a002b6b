// The page of the hub. All that comes from the hub is put into the page as text, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);
const WAITING = ["dead", "parked", "no-route", "refused"];
let shown = null; // the message that is looked at
let page = []; // the messages that are listed

/** Makes an element with properties and children; texts become text nodes. */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children.map((child) => child ?? ""));
  return element;
}

/** The class that a state is coloured by. */
function colour(state) {
  if (["dead", "not connected", "refused", "no-route"].includes(state)) return "bad";
  if (["queued", "sending", "parked", "paused", "gathering", "batched", "held", "awaiting"].includes(state)) return "wait";
  if (["completed", "done", "connected", "open"].includes(state)) return "good";
  return "quiet";
}

function time(text) {
  return text ? text.replace("T", " ").replace(/\.\d+Z$/, " UTC") : "–";
}

function say(text, bad = false) {
  $("notice").textContent = text;
  $("notice").className = bad ? "bad" : "";
  $("notice").hidden = !text;
}

/** Asks the hub. Patient data goes in bodies, never in addresses. */
async function ask(path, body) {
  const headers = {
    "Authorization": `Bearer ${sessionStorage.getItem("token")}`,
    "X-Hub-Actor": encodeURIComponent(sessionStorage.getItem("name") ?? ""),
  };
  const options = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`/api/${path}`, options);
  const answer = await response.json();
  if (response.status === 401) signOut();
  if (!response.ok) throw new Error(answer.error ?? `the hub answered ${response.status}`);
  return answer;
}

/** Does something that may fail, and says so if it does. */
async function attempt(work) {
  try {
    await work();
  } catch (failure) {
    say(failure.message, true);
  }
}

function signOut() {
  sessionStorage.clear();
  shown = null;
  page = [];
  for (const id of ["message", "found", "sources", "destinations", "counts"]) $(id).replaceChildren();
  $("control-id").value = $("patient-id").value = "";
  view("sign-in");
}

function view(name) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== name;
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.className = tab.dataset.view === name || (name === "message" && tab.dataset.view === "messages") ? "here" : "";
  }
  const signedIn = name !== "sign-in";
  $("tabs").hidden = $("leave").hidden = !signedIn;
  $("who").textContent = signedIn ? sessionStorage.getItem("name") : "";
}

/** Asks for a reason, and does an order with it. `fields` are more elements, `read` gives what they say. */
function order(title, text, path, body, { fields = [], read = () => ({}) } = {}) {
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-fields").replaceChildren(...fields);
  $("ask-why").value = "";
  $("ask-yes").textContent = title;
  $("ask-no").onclick = () => $("ask").close();
  $("ask-yes").onclick = () => {
    $("ask").close();
    attempt(async () => {
      const answer = await ask(path, { ...body, ...read(), why: $("ask-why").value });
      await refresh();
      say(`${title}: ${answer.done}`);
    });
  };
  $("ask").showModal();
  $("ask-why").focus();
}

function button(label, onclick) {
  return make("button", { type: "button", onclick }, label);
}

async function overview() {
  const status = await ask("status");
  const running = status.running;
  $("hub").textContent = `${running.name} · ${running.version}`;
  const counts = Object.entries(status.messages).map(([state, count]) => {
    const look = () => { $("state").value = state; attempt(search); };
    const figure = make("b", { className: WAITING.includes(state) ? "bad" : "" }, String(count));
    return make("li", {}, make("button", { type: "button", onclick: look }, figure, state));
  });
  $("counts").replaceChildren(...counts);
  const why = (side, name) => {
    const pause = status.paused.find((it) => it.side === side && it.name === name);
    return pause ? `paused by ${pause.who} since ${time(pause.at)}${pause.why ? `: ${pause.why}` : ""}` : "";
  };
  const gate = (side, name, paused) => paused
    ? button("Resume", () => order("Resume", `${side} ${name}`, "resume", { side, names: [name] }))
    : button("Pause", () => order("Pause", `${side} ${name}`, "pause", { side, names: [name] }));
  $("sources").replaceChildren(...running.sources.map((source) => {
    const state = source.paused ? "paused" : "open";
    return make("tr", {},
      make("td", {}, source.name),
      make("td", { className: "number" }, String(source.connections)),
      make("td", { className: colour(state) }, why("source", source.name) || state),
      make("td", { className: "actions" }, gate("source", source.name, source.paused)));
  }));
  $("destinations").replaceChildren(...running.destinations.map((destination) => {
    const name = destination.name;
    const known = status.destinations.find((it) => it.name === name) ?? { gathering: 0, held: 0, queued: 0, done: 0, dead: 0, parked: 0 };
    const state = destination.paused ? "paused" : known.held ? "held" : destination.connected ? "connected" : "not connected";
    const skip = button("Skip", () => order("Skip", `What ${name} is to get next is cancelled; the message stays here.`, "skip", { destination: name }));
    const actions = make("td", { className: "actions" }, gate("destination", name, destination.paused));
    if (known.held && !destination.paused) {
      actions.append(button("Send again", () => order("Send again", `What holds up ${name} is sent again.`, "resume", { side: "destination", names: [name] })));
    }
    if (known.gathering) actions.append(button("Send now", () => order("Send now", `${name} gets what has gathered for it.`, "send-now", { destination: name })));
    if (known.queued || known.held) actions.append(skip);
    return make("tr", {},
      make("td", {}, name),
      make("td", { className: "number" }, String(known.queued)),
      make("td", {}, time(known.oldest)),
      make("td", { className: "number" }, String(known.done)),
      make("td", { className: known.dead ? "number bad" : "number" }, String(known.dead)),
      make("td", { className: "number" }, String(known.parked)),
      make("td", { className: colour(state) }, why("destination", name) || state),
      actions);
  }));
  view("overview");
}

async function search(more = false) {
  const query = { most: 50 };
  const given = { state: $("state").value, control_id: $("control-id").value, patient_id: $("patient-id").value, type: $("type").value };
  for (const [key, value] of Object.entries(given)) if (value) query[key] = value;
  if (more && page.length) query.below = page[page.length - 1].message;
  const found = (await ask("search", query)).messages;
  page = more ? [...page, ...found] : found;
  $("more").hidden = found.length < query.most;
  $("found").replaceChildren(...page.map((message) => {
    const look = () => attempt(() => lookAt(message.message));
    return make("tr", { className: "link", tabIndex: 0, onclick: look, onkeydown: (event) => { if (event.key === "Enter") look(); } },
      make("td", { className: "number" }, String(message.message)),
      make("td", {}, time(message.came)),
      make("td", {}, message.source),
      make("td", {}, message.type),
      make("td", {}, message.control_id),
      make("td", { className: colour(message.state) }, message.state));
  }));
  view("messages");
}

async function lookAt(id) {
  const message = await ask(`messages/${id}`);
  shown = id;
  const facts = [["Came", `${time(message.came)} by ${message.source} from ${message.peer}`], ["Type", message.type],
    ["Control id", message.control_id], ["Version", message.version], ["From", `${message.sending_application} ${message.sending_facility}`],
    ["To", `${message.receiving_application} ${message.receiving_facility}`], ["Bytes", String(message.bytes)], ["Verdict", message.verdict]];
  const list = make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  list.append(make("dt", {}, "State"), make("dd", { className: colour(message.state) }, message.state));
  const links = [...(message.edited_from ? [["Edited from", message.edited_from]] : []), ...message.edited_as.map((it) => ["Edited as", it])];
  for (const [name, other] of links) {
    list.append(make("dt", {}, name), make("dd", {}, button(String(other), () => attempt(() => lookAt(other)))));
  }
  const path = (what) => `messages/${id}/${what}`;
  const actions = make("div", { className: "row" });
  if (message.content) {
    actions.append(button("Show content", () => attempt(() => content(id))));
    actions.append(button("Resubmit", () => resubmit(id, message)));
  }
  if (message.state === "queued") actions.append(button("Park", () => order("Park", `Message ${id} is taken out of its queues and waits for somebody.`, path("park"), {})));
  if (WAITING.includes(message.state)) actions.append(button("Dismiss", () => order("Dismiss", `Message ${id} needs nothing more.`, path("dismiss"), {})));
  const deliveries = message.deliveries.map((delivery) => make("tr", {},
    make("td", { className: "number" }, String(delivery.delivery)),
    make("td", {}, delivery.destination),
    make("td", { className: colour(delivery.state) }, delivery.state, delivery.resubmitted ? ", resubmitted" : "", delivery.replaces ? `, for delivery ${delivery.replaces}` : "", delivery.maybe_duplicate ? ", may have come more than once" : ""),
    make("td", {}, ...delivery.attempts.map((it) => make("div", {}, `${time(it.began)}  ${it.outcome ?? "under way"}`)))));
  const audit = message.audit.map((line) => make("tr", {},
    make("td", {}, time(line.at)), make("td", {}, line.who), make("td", {}, line.action), make("td", {}, line.detail)));
  const table = (heads, rows) => make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((it) => make("th", {}, it)))), make("tbody", {}, ...rows));
  $("message").replaceChildren(make("h2", {}, `Message ${id}`), list, actions, make("div", { id: "content" }),
    make("h2", {}, "Deliveries"), table(["Delivery", "Destination", "State", "Attempts"], deliveries),
    make("h2", {}, "History"), table(["When", "Who", "What", ""], audit));
  view("message");
}

/** Shows the content, to be read or edited. Who looked at it is noted by the hub. */
async function content(id) {
  const answer = await ask(`messages/${id}/content`);
  if (answer.text === null) {
    $("content").replaceChildren(make("p", { className: "quiet" }, "The content is no UTF-8. Use `hl7-hub show --body` and `hl7-hub resubmit --file`."));
    return;
  }
  const lines = answer.text.replaceAll("\r", "\n");
  // What has line ends of both kinds would not come back as it was.
  const exact = !answer.text.includes("\n");
  const text = make("pre", {}, lines);
  $("content").replaceChildren(text);
  if (exact) $("content").append(button("Edit and resubmit", () => edit(id, lines)));
}

function edit(id, lines) {
  const area = make("textarea", { rows: 14, value: lines, spellcheck: false });
  const to = make("input", { placeholder: "wherever the routes send it" });
  order("Send edited", `Message ${id} stays as it came; what is written here takes its place.`, `messages/${id}/resubmit`, {}, {
    fields: [area, make("label", {}, "Destinations, with commas between", to)],
    read: () => ({ text: area.value.replaceAll("\n", "\r"), to: names(to.value) }),
  });
}

function resubmit(id, message) {
  const to = make("input", { placeholder: "those that have not got it" });
  const had = [...new Set(message.deliveries.map((it) => it.destination))].join(", ");
  order("Resubmit", had ? `Message ${id} was for ${had}.` : `Message ${id} had no destination.`, `messages/${id}/resubmit`, {}, {
    fields: [make("label", {}, "Destinations, with commas between", to)],
    read: () => ({ to: names(to.value) }),
  });
}

function names(text) {
  return text.split(",").map((name) => name.trim()).filter((name) => name);
}

async function refresh() {
  if (!$("message").hidden && shown !== null) await lookAt(shown);
  else if (!$("messages").hidden) await search();
  else await overview();
}

$("sign-in-form").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value.trim());
  sessionStorage.setItem("name", $("name").value.trim());
  $("token").value = "";
  say("");
  attempt(overview);
};
$("search").onsubmit = (event) => { event.preventDefault(); say(""); attempt(search); };
$("more").onclick = () => attempt(() => search(true));
$("leave").onclick = () => { say(""); signOut(); };
for (const tab of document.querySelectorAll("#tabs button")) {
  tab.onclick = () => { say(""); attempt(tab.dataset.view === "overview" ? overview : search); };
}
setInterval(() => {
  if (!$("overview").hidden && !$("ask").open && !document.hidden) attempt(overview);
}, 5000);
if (sessionStorage.getItem("token")) attempt(overview);
else view("sign-in");
