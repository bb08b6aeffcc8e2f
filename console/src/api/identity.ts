/** Users and access keys, by the public identity service. */
import { queryOptions } from '@tanstack/react-query'
import { call } from './client'
import { session } from './session'

export interface Me {
  id: string
  isAdministrator: boolean
}

export interface AccessKey {
  access: string
  user_id: string
  status: 'active' | 'inactive'
  description: string
  create_time: string
}

export interface User {
  id: string
  name: string
  enabled: boolean
  description: string
}

export const KEYS = '/v3.0/OS-CREDENTIAL/credentials'
export const USERS = '/v3/users'

const mine = (...rest: string[]) => ['identity', session()?.account, session()?.user, ...rest]

export const meQuery = () =>
  queryOptions({
    queryKey: mine('me'),
    queryFn: async ({ signal }): Promise<Me> => {
      const { principal_id: id } = await call<{ principal_id: string }>('/v5/caller-identity', { signal })
      const { user } = await call<{ user: { is_domain_owner: boolean } }>(`/v3.0/OS-USER/users/${id}`, { signal })
      return { id, isAdministrator: user.is_domain_owner }
    },
  })

export const keysQuery = () =>
  queryOptions({
    queryKey: mine('keys'),
    queryFn: async ({ signal }) => (await call<{ credentials: AccessKey[] }>(KEYS, { signal })).credentials,
  })

export const usersQuery = () =>
  queryOptions({
    queryKey: mine('users'),
    queryFn: async ({ signal }) => (await call<{ users: User[] }>(USERS, { signal })).users,
  })
