// Suggestions under a search box: a combobox (WAI-ARIA 1.2) over what `data-suggest` answers.
const PAUSE = 150;

export function suggestions(input) {
  const [, lang] = location.pathname.split("/");
  const list = document.createElement("ul");
  list.id = `${input.id}-suggestions`;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
  list.hidden = true;
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": list.id,
    "aria-autocomplete": "list",
  })) input.setAttribute(name, value);

  let chosen = -1;
  let waiting = 0;
  let asked = new AbortController();

  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (place) => {
    const options = list.children;
    chosen = (place + options.length + 1) % (options.length + 1);
    if (place < 0) chosen = options.length - 1;
    for (const [index, option] of [...options].entries()) option.setAttribute("aria-selected", String(index === chosen));
    const option = options[chosen];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  const go = (option) => {
    if (option.dataset.address) location.assign(option.dataset.address);
    else {
      input.value = option.firstChild.textContent;
      close();
      input.form.requestSubmit();
    }
  };
  const show = (found) => {
    list.replaceChildren(
      ...found.map(({ label, hint, address, language }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        if (address) option.dataset.address = address;
        const name = document.createElement("span");
        name.textContent = label;
        name.dir = "auto";
        if (language) name.lang = language;
        option.append(name);
        if (hint) {
          const kind = document.createElement("span");
          kind.className = "hint";
          kind.textContent = hint;
          option.append(kind);
        }
        option.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          go(option);
        });
        return option;
      }),
    );
    chosen = -1;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  const ask = async () => {
    asked.abort();
    asked = new AbortController();
    const typed = input.value.trim();
    if (typed.length < 2) return close();
    try {
      const answer = await fetch(`/${lang}/suggest?q=${encodeURIComponent(typed)}`, { signal: asked.signal });
      if (answer.ok && document.activeElement === input) show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") close(); // without suggestions the box searches as before
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1) - (event.key === "ArrowUp" && chosen < 0 ? 1 : 0));
    } else if (event.key === "Enter" && chosen >= 0 && list.children[chosen]) {
      event.preventDefault();
      go(list.children[chosen]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 100));
  input.form.addEventListener("submit", close);
}
