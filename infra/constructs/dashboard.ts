/** One page with what the alarms look at. */
import { Dashboard, GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { prefixOf } from '../settings.ts';
import type { Watched } from './alarms.ts';

export function addDashboard(
  scope: Construct,
  { settings, functions, door, news, data }: Omit<Watched, 'sweepRule' | 'service'>,
): void {
  const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
    new GraphWidget({ title, left, right, width: 8 });
  const all = Object.values(functions).map((each) => each.function);
  new Dashboard(scope, 'Dashboard', {
    dashboardName: prefixOf(settings),
    widgets: [
      [
        graph('Requests', [door.api.metricCount()], [door.api.metricClientError(), door.api.metricServerError()]),
        graph('Latency of the API', [
          door.api.metricLatency({ statistic: 'p50' }),
          door.api.metricLatency({ statistic: 'p99' }),
        ]),
        graph(
          'Time of the functions',
          all.map((each) => each.metricDuration({ statistic: 'p99' })),
        ),
      ],
      [
        graph(
          'Errors of the functions',
          all.map((each) => each.metricErrors()),
          all.map((each) => each.metricThrottles()),
        ),
        graph(
          'News of tasks',
          [news.queue.metricNumberOfMessagesReceived(), news.dead.metricApproximateNumberOfMessagesVisible()],
          [news.queue.metricApproximateAgeOfOldestMessage()],
        ),
        graph(
          'Database',
          [data.cluster.metric('ServerlessDatabaseCapacity')],
          [data.cluster.metricDatabaseConnections()],
        ),
      ],
    ],
  });
}
