/** Numbers in English words. */

export const count = (n: number) => new Intl.NumberFormat('en').format(n)
export const plural = (n: number, one: string, many: string) => `${count(n)} ${n === 1 ? one : many}`
