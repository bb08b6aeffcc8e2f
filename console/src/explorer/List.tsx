/** All operations, below a heading for each tag; only those in sight are in the page. */
import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { useLanguage } from '../i18n'
import css from './explorer.module.css'
import { grouped, type Operation } from './spec'

export function List(props: { operations: Operation[]; chosen: string | undefined; asked: string }) {
  const { locale, messages } = useLanguage()
  const say = messages.explorer
  const box = useRef<HTMLDivElement>(null)
  const rows = useMemo(() => grouped(props.operations), [props.operations])
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => ('operation' in (rows[index] ?? {}) ? 50 : 36),
    overscan: 8,
  })
  const at = rows.findIndex((row) => 'operation' in row && row.operation.operationId === props.chosen)
  useEffect(() => {
    if (at >= 0) virtualizer.scrollToIndex(at, { align: 'auto' })
  }, [at, virtualizer])

  return (
    <div ref={box} className={css.list} data-testid="operations">
      <div role="list" aria-label={say.operations} style={{ height: `${virtualizer.getTotalSize()}px` }} className={css.rows}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index]
          if (!row) return null
          return (
            <div
              role="listitem"
              key={item.key}
              data-index={item.index}
              ref={virtualizer.measureElement}
              aria-posinset={item.index + 1}
              aria-setsize={rows.length}
              className={css.row}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {'count' in row ? (
                <span className={css.tag}>
                  {say.tags[row.tag] ?? row.tag} <span className={css.count}>{row.count}</span>
                </span>
              ) : (
                <Link
                  to="/explorer/$operationId"
                  params={{ operationId: row.operation.operationId }}
                  search={(before) => ({ ...before, search: props.asked })}
                  className={css.operation}
                  aria-current={row.operation.operationId === props.chosen ? 'page' : undefined}
                >
                  <Method of={row.operation.method} />
                  <span className={css.names}>
                    <span>{row.operation.operationId}</span>
                    <span className={css.said}>{saidShortly(row.operation, locale)}</span>
                  </span>
                </Link>
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

export function saidShortly(operation: Operation, locale: string): string {
  return (locale === 'zh-CN' && operation['x-description-zh']) || operation.summary
}

export function Method(props: { of: string }) {
  return (
    <span className={css.method} data-method={props.of}>
      {props.of}
    </span>
  )
}
