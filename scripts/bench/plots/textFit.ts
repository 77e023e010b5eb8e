/** Of the size of the letters; wider than most letters of common fonts are, as the reader's is not known. */
const LATIN_WIDTH = 0.62;
const OTHER_WIDTH = 1.1;
const FIRST_OTHER = 0x2000;

/** About how long a text becomes, rather too long than too short. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text) {
    width += (letter.codePointAt(0) ?? 0) < FIRST_OTHER ? LATIN_WIDTH : OTHER_WIDTH;
  }
  return width * size;
}

/** As much of its beginning as there is room for, with `…` where something is left out. */
export function fitted(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text;
  let cut = '';
  for (const letter of text) {
    if (textWidth(`${cut}${letter}…`, size) > room) break;
    cut += letter;
  }
  return `${cut.trimEnd()}…`;
}
