// Make one element equal to another and touch only what differs, so that focus, selection and scroll position stay.

export function morph(current, wanted) {
  if (current.isEqualNode(wanted)) return;
  if (current.nodeType !== wanted.nodeType || current.nodeName !== wanted.nodeName) {
    current.replaceWith(wanted.cloneNode(true));
    return;
  }
  if (current.nodeType !== Node.ELEMENT_NODE) { current.nodeValue = wanted.nodeValue; return; }
  morphAttributes(current, wanted);
  if (current.nodeName === "INPUT") return;
  const before = children(current), after = children(wanted);
  after.forEach((node, place) => (place < before.length ? morph(before[place], node) : current.append(node.cloneNode(true))));
  before.slice(after.length).forEach((node) => node.remove());
}

function morphAttributes(current, wanted) {
  for (const { name } of [...current.attributes]) {
    if (!wanted.hasAttribute(name) && name !== "open") current.removeAttribute(name); // the user opens <details>
  }
  for (const { name, value } of wanted.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
}

// Without white space between tags: a page and its partial differ in it, and the pairs would shift.
function children(parent) {
  return [...parent.childNodes].filter((node) => node.nodeType !== Node.TEXT_NODE || node.nodeValue.trim() !== "");
}
