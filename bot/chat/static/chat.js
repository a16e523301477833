// The chat page: draws what the event stream tells, and says or presses what the person does.
// Text from anybody only ever becomes text nodes.

const $ = (id) => document.getElementById(id);
const log = $("log"), scroller = $("scroller"), text = $("text"), menu = $("menu");
const chat = /^[1-9]\d{0,15}$/.exec(new URLSearchParams(location.search).get("chat") ?? "")?.[0] ?? "1001";
const language = navigator.language;
const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span",
};
let room = null, seen = 0, commands = [], typing = 0, unread = 0;

function make(tag, className = "", ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

// ---- what is said to the server

async function post(what, body) {
  try {
    const answer = await fetch(`/room/${chat}/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...body, language }),
    });
    const content = await answer.json();
    if (answer.ok) return content;
    toast(content.error);
  } catch {
    toast("Bellwether cannot be reached. Is it running?");
  }
  return null;
}

const say = (words) => post("say", { text: words });

async function press(message, button, node) {
  node.disabled = true;
  node.setAttribute("aria-busy", "true");
  const answer = await post("press", { message_id: message.message_id, data: button.callback_data });
  node.disabled = false;
  node.removeAttribute("aria-busy");
  if (answer?.text && answer.show_alert) {
    $("alert").querySelector("p").textContent = answer.text;
    $("alert").showModal();
  } else if (answer?.text) toast(answer.text);
}

let toastEnds = 0;
function toast(words) {
  clearTimeout(toastEnds);
  $("toast").textContent = words;
  $("toast").hidden = false;
  toastEnds = setTimeout(() => { $("toast").hidden = true; }, 4000);
}

// ---- how a message looks

// `entities` are outermost first and their offsets count UTF-16 units, as JavaScript's strings do
function rich(into, words, entities, from = 0, to = words.length) {
  let at = from;
  for (let i = 0; i < entities.length;) {
    const { offset, length } = entities[i], end = Math.min(offset + length, to);
    let inner = i + 1;
    while (inner < entities.length && entities[inner].offset < end) inner++;
    into.append(words.slice(at, offset));
    into.append(rich(marked(entities[i], words.slice(offset, end)), words, entities.slice(i + 1, inner), offset, end));
    at = end;
    i = inner;
  }
  into.append(words.slice(at, to));
  return into;
}

function marked(entity, words) {
  if (entity.type === "bot_command") {
    const node = make("button", "link");
    node.type = "button";
    node.onclick = () => say(words);
    return node;
  }
  const url = entity.type === "text_link" ? entity.url : words;
  if (entity.type === "text_link" || entity.type === "url") return link(make("a"), url);
  const node = make(TAGS[entity.type] ?? "span", entity.type);
  if (entity.type === "spoiler") {
    node.tabIndex = 0;
    node.onclick = node.onfocus = () => node.classList.add("shown");
  }
  return node;
}

function link(node, url) {
  if (/^https?:\/\//i.test(url)) node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function photo(message) {
  const size = message.photo.at(-1), image = make("img");
  image.src = `/photos/${encodeURIComponent(size.file_id)}`;
  image.width = size.width;
  image.height = size.height;
  image.alt = (message.caption ?? "").split("\n")[0] || "Photo";
  const node = make("button", "photo", image);
  node.type = "button";
  node.title = "Enlarge";
  node.onclick = () => {
    const large = $("viewer").querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    $("viewer").showModal();
  };
  return node;
}

function keyboard(message) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  return make("div", "keyboard", ...rows.map((row) => make("div", "row", ...row.map((button) => {
    if (button.url) return link(make("a", "key", button.text), button.url);
    const node = make("button", "key", button.text);
    node.type = "button";
    node.onclick = () => press(message, button, node);
    return node;
  }))));
}

const clock = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function bubble(message) {
  const date = new Date(message.date * 1000), words = message.text ?? message.caption;
  const node = make("div", "bubble");
  if (message.photo) node.append(photo(message));
  if (words) node.append(rich(make("div", "words"), words, message.entities ?? message.caption_entities ?? []));
  const time = make("time", "", clock(date));
  time.dateTime = date.toISOString();
  time.title = date.toLocaleString();
  node.append(make("span", words ? "stamp" : "stamp over", ...(message.edit_date ? ["edited "] : []), time));
  const whole = make("article", message.from.is_bot ? "theirs" : "mine", node);
  if (message.reply_markup) whole.append(keyboard(message));
  whole.id = `message-${message.message_id}`;
  whole.setAttribute("aria-label", `${message.from.first_name}, ${clock(date)}`);
  whole.dataset.day = date.toDateString();
  return whole;
}

// ---- where it goes

function place(message) {
  const atEnd = isAtEnd(), node = bubble(message), old = $(node.id);
  if (old) old.replaceWith(node);
  else {
    const later = [...log.querySelectorAll("article")].find((one) => Number(one.id.slice(8)) > message.message_id);
    const line = later?.previousElementSibling;
    const begins = line?.dataset.first && line.dataset.first !== node.dataset.day;
    log.insertBefore(node, begins ? line : later ?? null);
    separate(node, message.date);
    if (message.from.is_bot) status();
    if (!atEnd && message.from.is_bot) unread++;
  }
  if (atEnd || (!old && !message.from.is_bot)) toEnd();
  look();
}

function separate(node, seconds) {
  if (log.querySelector(`[data-first="${node.dataset.day}"]`)) return;
  const date = new Date(seconds * 1000), today = new Date().toDateString() === node.dataset.day;
  const name = today ? "Today" : date.toLocaleDateString([], { weekday: "short", day: "numeric", month: "long" });
  const line = make("p", "day", make("span", "", name));
  line.dataset.first = node.dataset.day;
  log.insertBefore(line, node);
}

const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };

function look() {
  if (isAtEnd()) unread = 0;
  $("down").hidden = isAtEnd();
  $("down").dataset.unread = unread || "";
  $("empty").hidden = room === null || log.querySelector("article") !== null;
}

function status(words = "bot") {
  clearTimeout(typing);
  $("status").textContent = words;
  $("status").classList.toggle("busy", words !== "bot");
}

// ---- the command menu

function offer(all = false) {
  const begun = /^\/(\w*)$/.exec(text.value)?.[1]?.toLowerCase();
  const shown = commands.filter(({ command }) => all || (begun !== undefined && command.startsWith(begun)));
  menu.replaceChildren(...shown.map(({ command, description }) => {
    const send = make("button", "command", make("b", "", `/${command}`), make("span", "", description));
    send.type = "button";
    send.onclick = () => { text.value = ""; submitted(`/${command}`); };
    const insert = make("button", "insert", "↖");
    insert.type = "button";
    insert.setAttribute("aria-label", `Write /${command} and add to it`);
    insert.onclick = () => write(`/${command} `);
    return make("div", "row", send, insert);
  }));
  menu.hidden = shown.length === 0;
  $("slash").setAttribute("aria-expanded", String(!menu.hidden));
}

function write(words) {
  text.value = words;
  text.focus();
  grow();
  offer();
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
}

async function submitted(words) {
  menu.hidden = true;
  $("slash").setAttribute("aria-expanded", "false");
  grow();
  if (words.trim() && await say(words) === null && !text.value) write(words);
}

// ---- the stream: reconnects by itself, and tells the server what it saw last

function listen() {
  const stream = new EventSource(`/room/${chat}/events?after=${seen}&language=${encodeURIComponent(language)}`);
  stream.addEventListener("hello", ({ data }) => {
    const hello = JSON.parse(data);
    if (room !== null && room !== hello.room) { location.reload(); return; }
    ({ room, commands } = hello);
    status();
    look();
  });
  stream.addEventListener("message", ({ data, lastEventId }) => {
    if (Number(lastEventId) <= seen) return;
    seen = Number(lastEventId);
    place(JSON.parse(data));
  });
  stream.addEventListener("action", () => {
    status("typing…");
    typing = setTimeout(status, 5000);
  });
  stream.onerror = () => {
    status("connecting…");
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

$("composer").onsubmit = (event) => {
  event.preventDefault();
  const words = text.value;
  text.value = "";
  submitted(words);
};
text.onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  } else if (event.key === "Tab" && !menu.hidden && text.value.startsWith("/")) {
    event.preventDefault();
    menu.querySelector(".insert")?.click();
  }
};
text.oninput = () => { grow(); offer(); };
document.addEventListener("keydown", ({ key }) => { if (key === "Escape") menu.hidden = true; });
$("slash").onclick = () => {
  if (menu.hidden) offer(true);
  else menu.hidden = true;
  $("slash").setAttribute("aria-expanded", String(!menu.hidden));
};
$("start").onclick = () => say("/start");
$("down").onclick = toEnd;
scroller.onscroll = look;
listen();
text.focus();
