// What the browser remembers for a person: a name, light or dark. A browser that remembers nothing is fine.

export function remembered(name: string): string | undefined {
  try {
    return localStorage.getItem(`reel.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`reel.${name}`, value);
  } catch {
    // private window
  }
}
