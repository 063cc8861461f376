// The reader's language: sentences are written in English here and looked up in the page's catalogue.

const strings = read("strings");

export function read(id) {
  const island = document.getElementById(id);
  return island ? JSON.parse(island.textContent) : {};
}

/** The sentence in the reader's language, with its %(name)s places filled. */
export function t(sentence, values) {
  const found = strings[sentence];
  return fill(typeof found === "string" ? found : sentence, values);
}

/** The singular or the plural sentence for `n`, which fills %(n)s. */
export function tn(one, many, n, values) {
  const found = strings[one];
  const forms = Array.isArray(found) ? found : [one, many];
  return fill(n === 1 ? forms[0] : forms[1], { n, ...values });
}

function fill(sentence, values) {
  if (!values) return sentence;
  return sentence.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? values[name] : whole));
}
