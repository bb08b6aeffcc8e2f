/** Every operation of the API: what it is, a form that asks for it, and the code that does. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useState } from 'react'
import { session, useSession } from '../api/session'
import { Code, isTab, type TabName } from '../explorer/Code'
import { Docs, Prose } from '../explorer/Docs'
import css from '../explorer/explorer.module.css'
import { Form } from '../explorer/Form'
import { List, Method, saidShortly } from '../explorer/List'
import { apiQuery } from '../explorer/query'
import { build, firstValues, isBroken, missing, type Values } from '../explorer/request'
import { Sender } from '../explorer/Sender'
import { search, type Api, type Operation } from '../explorer/spec'
import { useLanguage } from '../i18n'
import { useTitle } from '../title'
import { FilterField } from '../ui/controls'
import { Empty, Failure, Skeleton } from '../ui/states'

/** What was filled in, by operation, as long as the session lasts in which it was. */
const kept = new Map<string, Values>()
let owner = ''

function keptNow(): Map<string, Values> {
  const now = session()?.token ?? ''
  // What strangers filled in stays theirs when they sign in.
  if (owner && owner !== now) kept.clear()
  owner = now
  return kept
}

export function Explorer() {
  const { messages } = useLanguage()
  const say = messages.explorer
  const { operationId } = useParams({ strict: false })
  const asked = useSearch({ from: '/inside/explorer' }).search ?? ''
  const project = useSession()?.project.id ?? ''
  const navigate = useNavigate()
  const found = useQuery(apiQuery())
  const wanted = useDeferredValue(asked)
  const shown = useMemo(() => search(found.data?.operations ?? [], wanted), [found.data, wanted])
  useTitle(operationId ?? say.title)

  if (found.isPending) return <Skeleton rows={12} />
  if (!found.data) return <Failure error={found.error} onRetry={() => void found.refetch()} />
  const operation = operationId ? found.data.byId.get(operationId) : undefined
  return (
    <div className={css.explorer} data-chosen={operationId !== undefined}>
      <nav className={css.side} aria-label={say.operations}>
        {!operationId && <h1>{say.title}</h1>}
        <FilterField
          label={say.search(found.data.operations.length)}
          hideLabel
          placeholder={say.search(found.data.operations.length)}
          type="search"
          value={asked}
          onChange={(text) => void navigate({ to: '.', search: (before) => ({ ...before, search: text }), replace: true })}
        />
        <p className="visually-hidden" role="status">
          {say.found(shown.length)}
        </p>
        {/* The list comes first, and has a stop of the Tab key for each operation. */}
        <a className={css.skip} href="#operation">
          {say.skip}
        </a>
        {shown.length === 0 ? (
          <p className={css.muted}>{say.nothing}</p>
        ) : (
          <List operations={shown} chosen={operationId} asked={asked} />
        )}
      </nav>
      <div id="operation" tabIndex={-1} className={css.page}>
        {operation ? (
          <OperationPage key={`${project} ${operation.operationId}`} api={found.data} operation={operation} project={project} />
        ) : operationId ? (
          <Empty title={say.unknown(operationId)}>
            <h1 className="visually-hidden">{say.title}</h1>
            <Link to="/explorer">{say.all}</Link>
          </Empty>
        ) : (
          <div className={css.intro}>
            <Empty title={say.choose}>
              <p>{say.intro}</p>
            </Empty>
          </div>
        )}
      </div>
    </div>
  )
}

/** The kept form, with the project of whoever has signed in since. */
function valuesFor(operation: Operation, api: Api, project: string): Values {
  const first = firstValues(operation, api, project)
  const before = keptNow().get(operation.operationId)
  if (!before) return first
  const filled = Object.fromEntries(Object.entries(before.parameters).filter(([, value]) => value))
  return { ...before, parameters: { ...first.parameters, ...filled } }
}

function OperationPage(props: { api: Api; operation: Operation; project: string }) {
  const { api, operation, project } = props
  const { locale, messages } = useLanguage()
  const say = messages.explorer
  const navigate = useNavigate()
  const asked = useSearch({ from: '/inside/explorer' })
  const [values, setValues] = useState(() => valuesFor(operation, api, project))
  const change = (next: Values) => {
    keptNow().set(operation.operationId, next)
    setValues(next)
  }
  const request = useMemo(() => build(operation, values), [operation, values])
  const tab: TabName = isTab(asked.lang) ? asked.lang : 'python'
  const chinese = locale === 'zh-CN' && operation['x-description-zh']
  return (
    <>
      <p className={css.back}>
        <Link to="/explorer" search={(before) => before}>
          ‹ {say.all}
        </Link>
      </p>
      <header className={css.top}>
        <h1>{operation.operationId}</h1>
        <p className={css.address}>
          <Method of={operation.method} /> <code>{operation.path}</code>
        </p>
        <p className={css.summary}>{saidShortly(operation, locale)}</p>
        <Prose text={operation.description} {...(chinese && { lang: 'en' })} />
      </header>
      <div className={css.two}>
        <section className={css.section} aria-label={say.request}>
          <h2>{say.request}</h2>
          <Form
            api={api}
            operation={operation}
            values={values}
            onChange={change}
            asJson={asked.body === 'json'}
            onAsJson={(yes) =>
              void navigate({ to: '.', search: (before) => ({ ...before, body: yes ? 'json' : undefined }), replace: true })
            }
          />
          <Sender
            request={request}
            missing={missing(operation, values)}
            badBody={isBroken(operation, values)}
            here={`/explorer/${operation.operationId}`}
          />
        </section>
        <section className={css.section} aria-label={say.code}>
          <h2>{say.code}</h2>
          <Code
            request={request}
            projectId={values.parameters['path.project_id']?.trim() || project}
            tab={tab}
            onTab={(lang) => void navigate({ to: '.', search: (before) => ({ ...before, lang }), replace: true })}
          />
        </section>
      </div>
      <Docs api={api} operation={operation} />
    </>
  )
}
