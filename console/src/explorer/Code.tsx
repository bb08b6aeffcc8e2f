/** The request as code: by the official SDKs, by curl, by our own command. */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { wanted } from '../api/files'
import { useMessages } from '../i18n'
import { CopyButton } from '../ui/controls'
import { Failure, Skeleton } from '../ui/states'
import ui from '../ui/ui.module.css'
import { facts, LANGUAGES, sample, type Language } from './code'
import css from './explorer.module.css'
import { wishOf, type Request } from './request'
import { command, curl } from './shell'

const TABS = { ...LANGUAGES, curl: 'curl', clusterwright: 'clusterwright' } as const
export type TabName = keyof typeof TABS

export function isTab(name: string | undefined): name is TabName {
  return name !== undefined && Object.hasOwn(TABS, name)
}

export function Code(props: { request: Request; projectId: string; tab: TabName; onTab: (tab: TabName) => void }) {
  const messages = useMessages()
  const say = messages.explorer
  const { request } = props
  return (
    <Tabs className={css.tabs ?? ''} selectedKey={props.tab} onSelectionChange={(key) => props.onTab(String(key) as TabName)}>
      <TabList className={ui.tabList ?? ''} aria-label={say.code}>
        {Object.entries(TABS).map(([id, name]) => (
          <Tab key={id} id={id} className={ui.tab ?? ''}>
            {name}
          </Tab>
        ))}
      </TabList>
      {Object.keys(TABS).map((id) => (
        <TabPanel key={id} id={id} className={css.panel ?? ''}>
          {id === 'curl' ? (
            <Text text={curl(request, location.origin)} note={say.curlToken} />
          ) : id === 'clusterwright' ? (
            <Command request={request} />
          ) : (
            <Sdk language={id as Language} request={request} projectId={props.projectId} />
          )}
        </TabPanel>
      ))}
    </Tabs>
  )
}

function Command(props: { request: Request }) {
  const say = useMessages().explorer
  const found = command(props.request)
  if (found === null) return <p className={css.muted}>{say.noCommand}</p>
  return <Text text={found} note={say.commandNote} />
}

function Sdk(props: { language: Language; request: Request; projectId: string }) {
  const say = useMessages().explorer
  const { language, request, projectId } = props
  const known = useQuery({ queryKey: ['sdk', language], queryFn: () => wanted(() => facts(language)), staleTime: Infinity })
  const made = useMemo(
    () => known.data && sample(language, known.data, wishOf(request, location.origin, projectId)),
    [known.data, language, request, projectId],
  )
  if (known.isPending) return <Skeleton rows={8} />
  if (!known.data) return <Failure error={known.error} onRetry={() => void known.refetch()} />
  if (!made) return <p className={css.muted}>{say.unknownToSdk(LANGUAGES[language])}</p>
  return (
    <>
      {made.left.length > 0 && (
        <p className={css.left}>
          {say.leftOut} <code>{made.left.join(', ')}</code>
        </p>
      )}
      <Text text={made.code} note={say.codeNote} />
    </>
  )
}

function Text(props: { text: string; note: string }) {
  return (
    <>
      <div className={css.bar}>
        <p className={css.muted}>{props.note}</p>
        <CopyButton small text={() => props.text} />
      </div>
      <pre className={ui.code} tabIndex={0} data-testid="code">
        {props.text}
      </pre>
    </>
  )
}
