/** Light, dark, or as the system has it; kept in this browser. */
export type Theme = 'auto' | 'light' | 'dark'

const KEY = 'clusterwright.theme'

export function theme(): Theme {
  const kept = localStorage.getItem(KEY)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

export function apply(chosen: Theme): void {
  if (chosen === 'auto') {
    localStorage.removeItem(KEY)
    delete document.documentElement.dataset.theme
  } else {
    localStorage.setItem(KEY, chosen)
    document.documentElement.dataset.theme = chosen
  }
}
