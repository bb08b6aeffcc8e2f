/** The API's description, fetched once. */
import { queryOptions } from '@tanstack/react-query'
import { call } from '../api/client'
import { read, type Description } from './spec'

export const apiQuery = () =>
  queryOptions({
    // Public, and the same for everybody.
    queryKey: ['openapi'],
    queryFn: async ({ signal }) => read(await call<Description>('/openapi.json', { signal, proof: null })),
    staleTime: Infinity,
    gcTime: Infinity,
  })
