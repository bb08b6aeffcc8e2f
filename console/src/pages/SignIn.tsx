/** Sign in with user name and password, or with an access key, by the public identity service. */
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState, type FormEvent } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { Refusal } from '../api/client'
import { hasExpired, session } from '../api/session'
import { NoProject, signIn, signInByKey } from '../api/signin'
import { LOCALES, useLanguage, type Locale } from '../i18n'
import { Button, Field } from '../ui/controls'
import { Note, Refused } from '../ui/states'
import { useTitle } from '../title'
import ui from '../ui/ui.module.css'
import css from './pages.module.css'

const ACCOUNT = 'clusterwright.account'
const FIRST_ACCOUNT = 'clusterwright'

export function SignIn() {
  const { locale, messages, change } = useLanguage()
  const { signIn: say } = messages
  const search = useSearch({ from: '/signin' })
  const navigate = useNavigate()
  const [account, setAccount] = useState(localStorage.getItem(ACCOUNT) ?? FIRST_ACCOUNT)
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [access, setAccess] = useState('')
  const [secret, setSecret] = useState('')
  const [way, setWay] = useState<'password' | 'key'>('password')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [asked, setAsked] = useState(false)
  useTitle(say.title)

  const leave = () => {
    const to = search.next && /^\/(?![/\\])/.test(search.next) ? search.next : '/'
    void navigate({ href: `/console${to === '/' ? '/' : to}`, replace: true })
  }

  useEffect(() => {
    if (session()) leave()
    // Only on the way in: a submitted form leaves by itself.
    // eslint-disable-next-line
  }, [])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setAsked(true)
    const filled = way === 'key' ? access && secret : account && user && password
    if (busy || !filled) return
    setBusy(true)
    setError(null)
    try {
      if (way === 'key') {
        await signInByKey({ access: access.trim(), secret: secret.trim() })
      } else {
        await signIn(account.trim(), user.trim(), password)
        localStorage.setItem(ACCOUNT, account.trim())
      }
      leave()
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  // The server's own words for what is wrong most often are English, and for programs.
  const isWrong = error instanceof Refusal && error.status === 401
  const told = isWrong ? (way === 'key' ? say.wrongKey : say.wrongPassword) : error instanceof NoProject ? say.noProject : error
  const wrong = (value: string) => (asked && !value ? { wrong: say.required } : {})

  return (
    <main className={css.sign}>
      <form className={css.card} onSubmit={(event) => void submit(event)} noValidate>
        <div className={css.brand}>
          <img src="/console/icon.svg" alt="" />
          <div>
            <h1>Clusterwright</h1>
            <p className={css.small}>{location.host}</p>
          </div>
        </div>
        {hasExpired() && (
          <Note>
            <p>{say.expired}</p>
          </Note>
        )}
        <Tabs
          className={ui.tabs ?? ''}
          selectedKey={way}
          onSelectionChange={(chosen) => {
            setWay(chosen === 'key' ? 'key' : 'password')
            setAsked(false)
            setError(null)
          }}
        >
          <TabList className={ui.tabList ?? ''} aria-label={say.ways}>
            <Tab id="password" className={ui.tab ?? ''}>
              {say.byPassword}
            </Tab>
            <Tab id="key" className={ui.tab ?? ''}>
              {say.byKey}
            </Tab>
          </TabList>
          <TabPanel id="password" className={css.form ?? ''}>
            <Field
              label={say.account}
              help={say.accountHelp}
              value={account}
              onChange={setAccount}
              autoComplete="organization"
              {...wrong(account)}
            />
            <Field
              label={say.user}
              value={user}
              onChange={setUser}
              autoComplete="username"
              autoFocus
              {...wrong(user)}
            />
            <Field
              label={say.password}
              type="password"
              value={password}
              onChange={setPassword}
              autoComplete="current-password"
              {...wrong(password)}
            />
          </TabPanel>
          <TabPanel id="key" className={css.form ?? ''}>
            <Field
              label={say.access}
              value={access}
              onChange={setAccess}
              autoComplete="off"
              spellCheck="false"
              {...wrong(access)}
            />
            <Field
              label={say.secret}
              help={say.secretHelp}
              type="password"
              value={secret}
              onChange={setSecret}
              autoComplete="off"
              {...wrong(secret)}
            />
          </TabPanel>
        </Tabs>
        <Refused error={told} />
        <Button type="submit" kind="primary" isPending={busy}>
          {busy ? say.submitting : say.submit}
        </Button>
        <p className={css.small}>{way === 'key' ? say.whereKey : say.where}</p>
        <p className={css.small}>{way === 'key' ? say.keptKey : say.kept}</p>
        <div className={css.languages}>
          {Object.entries(LOCALES).map(([id, name]) => (
            <Button
              key={id}
              kind="quiet"
              small
              aria-current={id === locale ? 'true' : 'false'}
              onPress={() => change(id as Locale)}
            >
              <span lang={id}>{name}</span>
            </Button>
          ))}
        </div>
      </form>
    </main>
  )
}
