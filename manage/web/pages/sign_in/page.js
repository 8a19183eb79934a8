// A link from another site sends no cookie (SameSite=Strict), so a signed-in reader may land on this form. Requests from
// here do send it: ask whether there is a session, and go on if so.

const form = document.querySelector("form[data-next]");

async function continueIfSignedIn() {
  const answer = await fetch("/session", { cache: "no-store" });
  if (answer.ok && (await answer.json()).signed_in) location.replace(form.dataset.next);
}

continueIfSignedIn().catch(() => {}); // the form still works
