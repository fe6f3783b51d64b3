// Tailwind's theme is a thin skin over the tokens in web/css/tokens.css: a
// utility such as bg-surface or text-ink-2 always follows light and dark.
const token = (name) => `var(--${name})`;

/** @type {import('tailwindcss').Config} */
export default {
  content: ["./views/*.templ"],
  theme: {
    colors: {
      transparent: "transparent",
      current: "currentColor",
      ...Object.fromEntries(
        ["wall", "surface", "sunken", "raised", "line", "line-strong", "ink", "ink-2", "ink-3",
         "accent", "accent-ink", "danger", "danger-wash", "ok", "ok-wash"].map((name) => [name, token(name)]),
      ),
    },
    fontFamily: { sans: [token("font-sans")], mono: [token("font-mono")] },
    extend: {
      borderRadius: { control: token("radius-control"), card: token("radius-card") },
      boxShadow: { card: token("shadow-card"), picture: token("shadow-picture") },
    },
  },
};
