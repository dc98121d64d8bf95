"""Tools: what the agent looks up or does beside quoting articles. Rules choose among them; nothing writes a request of its own.

How a tool takes part in a turn:

1. ``fill_slots`` (graph) asks the toolbox for a plan. Slots (order number, product, quantity, …) are found in the message by
   rules, and those of earlier messages of the episode come with the brief. A plan is ``ready``, or it ``asks`` for what is
   missing: at most two questions (``clarify.most``), then a person is needed. A question of another topic lets go of the tool
   that waited; its slots stay for when it is needed again.
2. The escalation rules judge as ever: a tool that is ready or asks counts as an answer, and danger comes before any tool.
3. ``use_tool`` runs a ready plan, with no transaction open, within the tool's seconds. What comes back is facts with their
   evidence, the text in which each number of the reply must stand; or a failure, and then a person answers and nothing is told.
4. The reply is fixed texts of the release filled with the facts. The output gate checks its numbers against the evidence.
5. The turn's commit keeps the call (a run has one of each tool, its input masked), the slots, and what waits for a person.

Where things live: ``registry`` names the tools and types their input; ``slots`` and ``words`` read messages; each tool is a
module (``orders``, ``catalogue``, ``opening``, ``leads``) that may ask the database and, through the guarded client, one
endpoint; ``toolbox`` is the graph's ``Tools``; ``keeping`` writes after the turn. Settings and the switch of each tool are
rows that hold from the next message on: unlike what the bot says they are no part of a release, for a price, an opening
hour or a switched-off tool cannot wait to be published. A language model is offered no tool: it words answers from
articles, and what it writes chooses nothing and is looked up nowhere.

In a thread that everybody reads there is no order tool and no lead: ``is_public_safe`` says which tools remain.
"""
