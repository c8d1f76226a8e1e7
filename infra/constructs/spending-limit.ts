// A budget that warns before the month has ended. It only warns and stops nothing.

import { Annotations } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Construct } from 'constructs';

/** The limit, what counts, and who is warned. */
export interface SpendingLimitProps {
  readonly monthlyUsd: number;
  readonly scope: 'account' | 'tag';
  readonly email: string | undefined;
}

const SPENT_PERCENT = 80;
const FORECAST_PERCENT = 100;
/** The tag that app.ts puts on everything. */
const COST_TAG = 'user:project$fovea';

/** A monthly budget of AWS. It sends mail at 80 % of actual and at 100 % of forecast cost. */
export class SpendingLimit extends Construct {
  constructor(scope: Construct, id: string, props: SpendingLimitProps) {
    super(scope, id);
    const warn = (
      notificationType: 'ACTUAL' | 'FORECASTED',
      threshold: number,
      address: string,
    ): CfnBudget.NotificationWithSubscribersProperty => ({
      notification: {
        notificationType,
        threshold,
        thresholdType: 'PERCENTAGE',
        comparisonOperator: 'GREATER_THAN',
      },
      subscribers: [{ subscriptionType: 'EMAIL', address }],
    });
    if (props.email === undefined)
      Annotations.of(this).addWarningV2(
        'fovea:budget-tells-nobody',
        'The budget tells nobody that it is spent: set fovea:alarmEmail.',
      );
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: props.monthlyUsd, unit: 'USD' },
        ...(props.scope === 'tag' ? { costFilters: { TagKeyValue: [COST_TAG] } } : {}),
      },
      ...(props.email === undefined
        ? {}
        : {
            notificationsWithSubscribers: [
              warn('ACTUAL', SPENT_PERCENT, props.email),
              warn('FORECASTED', FORECAST_PERCENT, props.email),
            ],
          }),
    });
  }
}
