/** A table of any length: only the rows in sight are in the page. Where its columns have no room, each row is a card. */
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import css from './table.module.css'

export interface Column<T> {
  id: string
  title: string
  /** A track of the grid that tells its least pixels, such as `120px` or `minmax(160px, 2fr)`. */
  width: string
  cell: (row: T) => ReactNode
  clip?: boolean
}

interface TableProps<T> {
  label: string
  columns: Column<T>[]
  rows: T[]
  rowKey: (row: T) => string
}

/** Below this number all rows are simply there, for whoever searches the page. */
const FEW = 60

const GAP = 12
const PADDING = 8

/** The pixels below which a row of the table does not fit. */
function least(columns: Column<never>[]): number {
  const widths = columns.map((each) => parseInt(/\d+(?=px)/.exec(each.width)?.[0] ?? '0'))
  return widths.reduce((sum, each) => sum + each, (columns.length - 1) * GAP + 2 * PADDING)
}

export function Table<T>(props: TableProps<T>) {
  const wrap = useRef<HTMLDivElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const [margin, setMargin] = useState(0)
  const [width, setWidth] = useState(Infinity)
  useLayoutEffect(() => {
    const measure = () => {
      setMargin(body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0)
      setWidth(wrap.current?.clientWidth ?? Infinity)
    }
    measure()
    // What stands above may grow, and moves the rows then.
    const page = new ResizeObserver(measure)
    page.observe(document.body)
    if (wrap.current) page.observe(wrap.current)
    return () => page.disconnect()
  }, [])
  const virtualizer = useWindowVirtualizer({
    count: props.rows.length,
    estimateSize: () => 37,
    overscan: 12,
    scrollMargin: margin,
    getItemKey: (index) => props.rowKey(props.rows[index] as T),
    enabled: props.rows.length > FEW,
  })
  const few = props.rows.length <= FEW
  const style = { '--columns': props.columns.map((each) => each.width).join(' ') } as React.CSSProperties
  return (
    <div ref={wrap} className={`${css.wrap} ${width < least(props.columns) ? css.cards : ''}`} style={style}>
      <div role="table" aria-label={props.label} aria-rowcount={props.rows.length + 1} aria-colcount={props.columns.length}>
        <div role="rowgroup" className={css.top}>
          <div role="row" aria-rowindex={1} className={css.header}>
            {props.columns.map((column) => (
              <span role="columnheader" key={column.id} className={css.cell}>
                {column.title}
              </span>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          ref={body}
          className={css.body}
          style={few ? {} : { height: `${virtualizer.getTotalSize()}px` }}
        >
          {few
            ? props.rows.map((row, index) => (
                <div role="row" key={props.rowKey(row)} aria-rowindex={index + 2} className={css.row}>
                  <Cells columns={props.columns} row={row} />
                </div>
              ))
            : virtualizer.getVirtualItems().map((item) => (
                <div
                  role="row"
                  key={item.key}
                  data-index={item.index}
                  ref={virtualizer.measureElement}
                  aria-rowindex={item.index + 2}
                  className={`${css.row} ${css.virtual}`}
                  style={{ transform: `translateY(${item.start - margin}px)` }}
                >
                  <Cells columns={props.columns} row={props.rows[item.index] as T} />
                </div>
              ))}
        </div>
      </div>
    </div>
  )
}

function Cells<T>(props: { columns: Column<T>[]; row: T }) {
  return props.columns.map((column) => {
    const cell = column.cell(props.row)
    const empty = cell === null || cell === undefined || cell === ''
    const classes = [css.cell, column.clip ? css.clip : '', empty ? css.empty : '']
    return (
      <span role="cell" key={column.id} className={classes.join(' ')}>
        {cell}
      </span>
    )
  })
}
