const slots = document.querySelector("#pool-slots");
const text = document.querySelector("#pool-text");

/** Shows the pool: a box for each runner that there may be, filled by what it does. */
export function showPool({ max, runners, booting, idle, busy, draining, queued }) {
  const states = [...Array(busy).fill("busy"), ...Array(idle).fill("idle"), ...Array(booting).fill("booting")];
  while (states.length < Math.min(max, 32)) states.push("");
  while (slots.children.length < states.length) slots.append(document.createElement("span"));
  while (slots.children.length > states.length) slots.lastElementChild.remove();
  states.forEach((state, i) => {
    slots.children[i].className = `slot ${state}`;
  });
  const parts = [`${runners} of ${max}`];
  if (booting > 0) parts.push(`${booting} booting`);
  if (busy > 0) parts.push(`${busy} busy`);
  if (idle > 0) parts.push(`${idle} idle`);
  if (draining > 0) parts.push(`${draining} leaving`);
  if (queued > 0) parts.push(`${queued} waiting`);
  text.textContent = parts.join(" · ");
}
