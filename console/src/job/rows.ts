/** Which rows the tree has now: from the steps, what is open, and what is asked for. */
import type { Step } from '../api/types'
import type { JobStore } from './store'

/** From this many siblings of one type on, they are one row until somebody opens it. */
export const FOLD = 20
/** Jobs up to this size are shown whole. */
const SMALL = 60

export type Filter = 'all' | 'running' | 'failed' | 'slow'

export interface Row {
  id: string
  depth: number
  /** The step, or the first of those that are folded. */
  step: Step
  /** How many steps of this type are folded here; 0 for a step of its own. */
  folded: Step[] | null
  hasChildren: boolean
  isOpen: boolean
  position: number
  size: number
}

/** `opened` holds what the reader has opened or closed; the rest is as the job needs it. */
export function rowsOf(
  store: JobStore,
  opened: ReadonlyMap<string, boolean>,
  filter: Filter,
  text: string,
): Row[] {
  const first = store.order[0]
  if (!first) return []
  if (filter !== 'all' || text) return found(store, filter, text)
  const rows: Row[] = []
  const small = store.order.length <= SMALL
  const paths = small ? new Set<string>() : importantPaths(store)

  const visit = (uid: string, depth: number, position: number, size: number) => {
    const step = store.step(uid)
    if (!step) return
    const children = store.children.get(uid) ?? []
    const isOpen = children.length > 0 && (opened.get(uid) ?? (small || depth === 0 || paths.has(uid)))
    rows.push({ id: uid, depth, step, folded: null, hasChildren: children.length > 0, isOpen, position, size })
    if (isOpen) list(uid, children, depth + 1)
  }

  const list = (parent: string, children: string[], depth: number) => {
    const groups = grouped(store, children)
    let position = 0
    for (const group of groups) {
      position += 1
      const one = group.steps[0]
      if (!one) continue
      if (group.steps.length < FOLD) {
        visit(one.uid, depth, position, groups.length)
        continue
      }
      const id = `${parent}/${group.type}`
      const isOpen = opened.get(id) ?? false
      rows.push({
        id,
        depth,
        step: one,
        folded: group.steps,
        hasChildren: true,
        isOpen,
        position,
        size: groups.length,
      })
      if (isOpen) {
        const ordered = [...group.steps].sort((a, b) => weight(a) - weight(b))
        ordered.forEach((step, index) => visit(step.uid, depth + 1, index + 1, ordered.length))
      }
    }
  }

  visit(first, 0, 1, 1)
  return rows
}

/** Failed first, then what runs. */
function weight(step: Step): number {
  return step.phase === 'Failed' ? 0 : step.phase === 'Running' ? 1 : 2
}

/** Children in order; those of one type that are many make one group, others a group each. */
function grouped(store: JobStore, children: string[]): { type: string; steps: Step[] }[] {
  const numbers = new Map<string, number>()
  const steps = children.flatMap((uid) => store.step(uid) ?? [])
  for (const step of steps) numbers.set(step.type, (numbers.get(step.type) ?? 0) + 1)
  const groups: { type: string; steps: Step[] }[] = []
  const made = new Map<string, Step[]>()
  for (const step of steps) {
    if ((numbers.get(step.type) ?? 0) < FOLD) {
      groups.push({ type: step.type, steps: [step] })
      continue
    }
    const known = made.get(step.type)
    if (known) known.push(step)
    else {
      const list = [step]
      made.set(step.type, list)
      groups.push({ type: step.type, steps: list })
    }
  }
  return groups
}

/** The parents of what runs and of the first cause. */
function importantPaths(store: JobStore): Set<string> {
  const paths = new Set<string>()
  for (const uid of store.order) {
    const step = store.step(uid)
    const important = step && (step.phase === 'Running' || uid === store.job?.cause?.step)
    let parent = important ? step.parentUID : null
    while (parent !== null && !paths.has(parent)) {
      paths.add(parent)
      parent = store.step(parent)?.parentUID ?? null
    }
  }
  return paths
}

function found(store: JobStore, filter: Filter, text: string): Row[] {
  const wanted = text.toLowerCase()
  const steps = store.order
    .flatMap((uid) => store.step(uid) ?? [])
    .filter((step) => filter !== 'running' || step.phase === 'Running')
    .filter((step) => filter !== 'failed' || step.phase === 'Failed')
    .filter((step) => filter !== 'slow' || step.estimate?.slow === true)
    .filter((step) => !wanted || `${step.type} ${step.resourceName} ${step.uid}`.toLowerCase().includes(wanted))
  return steps.map((step, index) => ({
    id: step.uid,
    depth: 0,
    step,
    folded: null,
    hasChildren: false,
    isOpen: false,
    position: index + 1,
    size: steps.length,
  }))
}
