"""How people hear of alarms who look at no screen: by mail, a webhook, a program."""
