/** Giving a text or a file to whoever reads the page, as a file. */

export function download(name: string, content: string | Blob, type?: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(typeof content === 'string' ? new Blob([content], type ? { type } : {}) : content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
