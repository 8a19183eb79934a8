// On every page: keyboard shortcuts, search, local times.

import { onKey } from "./keyboard.js";
import { showLocalTimes } from "./local_times.js";
import { onSearch } from "./search.js";

document.addEventListener("keydown", onKey);
document.addEventListener("input", onSearch);
showLocalTimes(document);
