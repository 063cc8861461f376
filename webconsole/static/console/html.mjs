// Preact with tagged templates: what every view of the console is written in.
import htm from "../vendor/htm/htm.mjs";
import { createElement } from "../vendor/preact/preact.mjs";

export const html = htm.bind(createElement);
export { render } from "../vendor/preact/preact.mjs";
export {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../vendor/preact/hooks.mjs";
