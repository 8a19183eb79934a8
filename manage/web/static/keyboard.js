// Keyboard shortcuts. Elements declare theirs in `data-shortcut`; the server takes them from one list (manage/web/pages).

import { clearSearch } from "./search.js";

const SEQUENCE_MS = 1000; // the longest pause within "g o"
let earlier = { key: "", at: -Infinity };

export function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = document.activeElement;
  if (event.key === "Escape" && target?.id === "search") { clearSearch(target); return; }
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const follows = event.timeStamp - earlier.at < SEQUENCE_MS;
  const element = (follows && declaring(`${earlier.key} ${event.key}`)) || declaring(event.key);
  earlier = element ? { key: "", at: -Infinity } : { key: event.key, at: event.timeStamp };
  if (!element) return;
  event.preventDefault();
  activate(element);
}

function declaring(keys) {
  return document.querySelector(`[data-shortcut="${CSS.escape(keys)}"]`);
}

function activate(element) {
  if (element instanceof HTMLDialogElement) { if (!element.open) element.showModal(); }
  else if (element instanceof HTMLInputElement) element.focus();
  else element.click();
}
