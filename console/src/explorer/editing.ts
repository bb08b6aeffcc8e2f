/** The document that is being edited, as its fields share it. */
import { createContext, useContext, type RefObject } from 'react'
import type { Path } from './document'
import type { Schema } from './spec'

/** One change: a value, undefined to take it away; and what comes with it. */
export type Edit = (change: { path: Path; value: unknown; drafts?: Record<string, string>; file?: File }) => void

interface EditingNow {
  schemas: Record<string, Schema>
  drafts: Record<string, string>
  files: Record<string, File>
  edit: Edit
  /** The place of the field that was just added, which takes the focus. */
  fresh: RefObject<string>
}

export const Editing = createContext<EditingNow | null>(null)

export function useEditing(): EditingNow {
  const found = useContext(Editing)
  if (!found) throw new Error('a field outside of a form')
  return found
}

export interface PartProps {
  schema: Schema
  path: Path
  label: string
  value: unknown
  required?: boolean
  /** Where it can be taken away. */
  onRemove?: () => void
}

/** A field with what is said of it: its name with the mark of what is required, and the help. */
export type Shown = PartProps & { schema: Schema; help: string; name: string }

export const placeOf = (path: Path) => JSON.stringify(path)
export const adderOf = (path: Path) => `add-${placeOf(path)}`

/** The drafts without those at or below a path, where entries change their places. */
export function without(drafts: Record<string, string>, path: Path): Record<string, string> {
  const start = placeOf(path).slice(0, -1)
  return Object.fromEntries(Object.entries(drafts).filter(([place]) => !place.startsWith(start)))
}
