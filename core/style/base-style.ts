// Where the style sheet is that all pages begin with. Knows no page.

/** The file; what is its own comes behind it. */
export const BASE_STYLE = new URL('base.css', import.meta.url);
