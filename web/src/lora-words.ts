/** withWord is the prompt with a trigger word, which it gets once. Pure. */
export function withWord(prompt: string, word: string): string {
  if (prompt.toLowerCase().includes(word.toLowerCase())) return prompt;
  const text = prompt.trimEnd();
  return text === "" ? `${word} ` : `${text}${/[,.;:!?]$/.test(text) ? "" : ","} ${word}`;
}
