/** Settings of the systems that tell us things and that we write to. Nothing is on unless it is set. */
import { z } from 'zod';
import { list, secret } from './setting-types.ts';

/** A system that only tells us of alerts or rollouts. */
function teller(title: string, what: string) {
  return z
    .strictObject({
      secret: secret.optional().describe(`${what} of ${title}. docs/connectors/monitoring.md.`),
    })
    .prefault({});
}

const TOKEN = 'Token in the Authorization header';
const SIGNATURE = 'Secret behind the signatures';

export const ConnectorSettings = z
  .strictObject({
    monitoring: z
      .strictObject({
        repositoryLabels: list()
          .default([])
          .describe('Labels of alerts that name the repository, before the common ones.'),
        serviceLabels: list()
          .default([])
          .describe('Labels of alerts that name the service, before the common ones.'),
      })
      .prefault({}),
    alertmanager: teller('Alertmanager', TOKEN),
    grafana: teller('Grafana', `${SIGNATURE}, or token,`),
    pagerduty: teller('PagerDuty', SIGNATURE),
    sentry: teller('the Sentry integration', 'Client secret'),
    datadog: teller('Datadog', TOKEN),
    opsgenie: teller('Opsgenie', TOKEN),
    alerts: teller('whatever posts plain alerts', TOKEN),
    argocd: teller('Argo CD notifications', TOKEN),
    flux: teller('the Flux provider', `${SIGNATURE}, or token,`),
  })
  .prefault({});
