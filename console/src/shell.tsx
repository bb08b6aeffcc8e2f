/** What surrounds every page of somebody who is signed in. */
import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import {
  Header as MenuHeading,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  type Key,
  type Selection,
} from 'react-aria-components'
import { useNews } from './api/news'
import { end, hasExpired, useSession } from './api/session'
import { changeProject } from './api/signin'
import { LOCALES, useLanguage, type Locale } from './i18n'
import { isPublic, next } from './router'
import css from './shell.module.css'
import { apply, theme, type Theme } from './theme'
import { Button } from './ui/controls'
import ui from './ui/ui.module.css'

export function Shell() {
  const { messages } = useLanguage()
  const session = useSession()
  const navigate = useNavigate()
  const here = useRouterState({ select: (state) => state.location.href })
  const place = useRef(here)
  if (session) place.current = here
  const path = useRouterState({ select: (state) => state.location.pathname })
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  const wasSignedIn = useRef(session !== null)
  const queries = useQueryClient()
  // The page of one job has a stream of its own.
  useNews(/^\/jobs\/./.test(path) ? undefined : session?.project.id)

  useEffect(() => {
    const ended = wasSignedIn.current && !session
    wasSignedIn.current = session !== null
    if (ended) queries.clear()
    if (session || isPublic(path)) return
    void navigate({ to: '/signin', search: hasExpired() ? next(place.current) : {}, replace: true })
  }, [session, navigate, queries, path])

  // A new page takes the focus, so that who reads by ear hears its title.
  useEffect(() => {
    if (first.current) first.current = false
    else main.current?.focus({ preventScroll: true })
  }, [path])

  return (
    <>
      <a className={css.skip} href="#main">
        {messages.app.skip}
      </a>
      <header className={css.header}>
        <Link to="/" className={css.brand} aria-label={messages.app.name}>
          <img src="/console/icon.svg" alt="" />
          <span>{messages.app.name}</span>
        </Link>
        <nav className={css.nav} aria-label={messages.app.navigation}>
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
            {messages.app.clusters}
          </Link>
          <Link to="/jobs" activeOptions={{ includeSearch: false }}>
            {messages.app.jobs}
          </Link>
          {session && <Link to="/faults">{messages.app.faults}</Link>}
          <Link to="/explorer" activeOptions={{ includeSearch: false }}>
            {messages.app.explorer}
          </Link>
        </nav>
        <div className={css.end}>
          {!session && (
            <Link to="/signin" search={next(here)}>
              {messages.app.signIn}
            </Link>
          )}
          <Settings />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} className={css.main}>
        {/* What a page knows is of one project, whether the queries keep it or the page itself. */}
        <Outlet key={session?.project.id ?? ''} />
      </main>
    </>
  )
}

const chosen = (keys: Selection) => (keys === 'all' ? undefined : [...keys][0])

/** Project, language, colours, and the way out. */
function Settings() {
  const { locale, messages, change } = useLanguage()
  const session = useSession()
  const queries = useQueryClient()
  const [colours, setColours] = useState<Theme>(theme)
  const navigate = useNavigate()
  const act = (key: Key) => {
    if (key === 'out') end()
    if (key === 'access') void navigate({ to: '/access' })
  }
  return (
    <MenuTrigger>
      <Button kind="quiet" icon="user" aria-label={session ? messages.app.menu(session.user) : messages.app.settings}>
        {session && <span className={css.user}>{session.user}</span>}
      </Button>
      <Popover className={ui.popover ?? ''} placement="bottom end">
        <Menu className={ui.list ?? ''} onAction={act}>
          {session && (
            <MenuSection
              selectionMode="single"
              disallowEmptySelection
              selectedKeys={[session.project.id]}
              onSelectionChange={(keys) => {
                const project = session.projects.find((each) => each.id === chosen(keys))
                if (project) void changeProject(project).then(() => queries.resetQueries())
              }}
            >
              <MenuHeading className={ui.heading ?? ''}>{messages.app.project}</MenuHeading>
              {session.projects.map((each) => (
                <MenuItem key={each.id} id={each.id} className={ui.item ?? ''}>
                  {each.name}
                </MenuItem>
              ))}
            </MenuSection>
          )}
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[locale]}
            onSelectionChange={(keys) => change(chosen(keys) as Locale)}
          >
            <MenuHeading className={ui.heading ?? ''}>{messages.app.language}</MenuHeading>
            {Object.entries(LOCALES).map(([id, name]) => (
              <MenuItem key={id} id={id} className={ui.item ?? ''}>
                <span lang={id}>{name}</span>
              </MenuItem>
            ))}
          </MenuSection>
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[colours]}
            onSelectionChange={(keys) => {
              const next = chosen(keys) as Theme
              apply(next)
              setColours(next)
            }}
          >
            <MenuHeading className={ui.heading ?? ''}>{messages.app.theme}</MenuHeading>
            {Object.entries(messages.app.themes).map(([id, name]) => (
              <MenuItem key={id} id={id} className={ui.item ?? ''}>
                {name}
              </MenuItem>
            ))}
          </MenuSection>
          {session && (
            <MenuSection aria-label={session.user}>
              <MenuItem id="access" className={ui.item ?? ''}>
                {messages.app.access}
              </MenuItem>
              <MenuItem id="out" className={ui.item ?? ''}>
                {messages.app.signOut}
              </MenuItem>
            </MenuSection>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
