/** Jobs as rows of a table. */
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { JobRow } from '../api/types'
import { FINAL } from '../api/types'
import { useMessages } from '../i18n'
import { titleOf } from '../job/titles'
import { wordsOf } from '../job/words'
import { duration, parse } from '../time'
import { Phase } from '../ui/phase'
import { Table, type Column } from '../ui/table'
import { Time } from './Clusters'
import css from './pages.module.css'

export function JobTable(props: { rows: JobRow[]; label: string }) {
  const messages = useMessages()
  const columns = useMemo(() => columnsOf(messages), [messages])
  return <Table label={props.label} columns={columns} rows={props.rows} rowKey={(row) => row.uid} />
}

function columnsOf(messages: ReturnType<typeof useMessages>): Column<JobRow>[] {
  const say = messages.jobs
  return [
    {
      id: 'title',
      title: messages.job.kind,
      width: 'minmax(180px, 2fr)',
      clip: true,
      cell: (row) => (
        <Link to="/jobs/$jobId" params={{ jobId: row.uid }}>
          {titleOf(row, messages)}
        </Link>
      ),
    },
    {
      id: 'phase',
      title: messages.clusters.phase,
      width: '120px',
      cell: (row) => <Phase phase={row.phase} cancelled={row.cause?.class === 'cancelled'} />,
    },
    {
      id: 'reason',
      title: messages.job.cause,
      width: 'minmax(140px, 2fr)',
      clip: true,
      cell: (row) => (FINAL.has(row.phase) ? why(row, messages) : <Progress of={row} />),
    },
    { id: 'time', title: say.time, width: '80px', cell: (row) => time(row) },
    { id: 'submitted', title: say.submitted, width: '120px', cell: (row) => <Time at={row.submittedAt} /> },
  ]
}

/** Whose the failure is, and what went wrong. */
function why(row: JobRow, messages: ReturnType<typeof useMessages>) {
  if (!row.cause) return row.reason.slice(0, 160)
  const { means, action } = wordsOf(row.cause, messages)
  const title = [means, row.cause.message, action.replaceAll('`', '')].filter(Boolean).join('\n')
  return (
    <span title={title}>
      <strong className={css.blame}>{messages.job.causeClasses[row.cause.class] ?? row.cause.class}</strong>{' '}
      {row.cause.message.slice(0, 160)}
    </span>
  )
}

function Progress(props: { of: JobRow }) {
  const messages = useMessages()
  const { progress } = props.of
  return (
    <div
      className={css.bar}
      role="progressbar"
      aria-label={messages.job.progress}
      aria-valuenow={Math.floor(progress * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ transform: `scaleX(${progress})` }} />
    </div>
  )
}

function time(row: JobRow): string {
  if (row.duration !== null) return duration(row.duration)
  const began = parse(row.startedAt)
  const ended = parse(row.endedAt)
  return began !== null && ended !== null ? duration((ended - began) / 1000) : ''
}
