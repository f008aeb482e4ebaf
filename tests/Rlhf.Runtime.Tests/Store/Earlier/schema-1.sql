BEGIN TRANSACTION;
CREATE TABLE "Definitions" (
    "DefinitionId" TEXT NOT NULL,
    "Version" INTEGER NOT NULL,
    "Hash" TEXT NOT NULL,
    "Name" TEXT NOT NULL,
    "Json" TEXT NOT NULL,
    "Source" TEXT NOT NULL,
    "CreatedAt" INTEGER NOT NULL,
    CONSTRAINT "PK_Definitions" PRIMARY KEY ("DefinitionId", "Version")
);
INSERT INTO "Definitions" VALUES('some-flow',1,'89aa8f65959f23b822684b3e2d518e895b8fca2de5eb06066bebd7ccc2ca8ae0','Some flow','{"definitionId":"some-flow","name":"Some flow","variables":[{"id":"result","name":"result","typeName":"String","value":null},{"id":"count","name":"count","typeName":"Int32","value":"0"}],"inputs":[{"name":"topic","type":"String","defaultValue":null}],"outputs":[{"name":"result","type":"String"}],"options":{"incidentStrategyType":"Elsa.Workflows.IncidentStrategies.FaultStrategy, Elsa.Workflows.Core"},"root":{"id":"flow","type":"Elsa.Flowchart","activities":[{"id":"start","type":"Elsa.Start"},{"id":"first","type":"Rlhf.Pure","text":{"typeName":"String","expression":{"type":"JavaScript","value":"getInput(\u0022topic\u0022)"}},"result":{"typeName":"String","memoryReference":{"id":"result"}}},{"id":"ask","type":"Rlhf.Ask","text":{"typeName":"String","expression":{"type":"Variable","value":{"id":"result"}}},"result":{"typeName":"String","memoryReference":{"id":"result"}}},{"id":"judge","type":"Rlhf.Work","text":{"typeName":"String","expression":{"type":"Variable","value":{"id":"result"}}},"result":{"typeName":"String","memoryReference":{"id":"result"}}},{"id":"last","type":"Rlhf.Pure","text":{"typeName":"String","expression":{"type":"Variable","value":{"id":"result"}}},"result":{"typeName":"String","memoryReference":{"id":"result"}}},{"id":"tick","type":"Elsa.SetVariable","variable":{"id":"count"},"value":{"typeName":"String","expression":{"type":"JavaScript","value":"getCount() \u002B 1"}}},{"id":"more","type":"Elsa.FlowDecision","condition":{"typeName":"String","expression":{"type":"JavaScript","value":"getCount() \u003C 2"}}},{"id":"left","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal","value":"left"}}},{"id":"right","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal","value":"right"}}}],"connections":[{"source":{"activity":"start"},"target":{"activity":"first","port":"In"}},{"source":{"activity":"first"},"target":{"activity":"ask","port":"In"}},{"source":{"activity":"ask"},"target":{"activity":"judge","port":"In"}},{"source":{"activity":"judge"},"target":{"activity":"tick","port":"In"}},{"source":{"activity":"tick"},"target":{"activity":"more","port":"In"}},{"source":{"activity":"more","port":"True"},"target":{"activity":"judge","port":"In"}},{"source":{"activity":"more","port":"False"},"target":{"activity":"left","port":"In"}},{"source":{"activity":"more","port":"False"},"target":{"activity":"right","port":"In"}},{"source":{"activity":"left"},"target":{"activity":"last","port":"In"}},{"source":{"activity":"right"},"target":{"activity":"last","port":"In"}}]}}','earlier.json',638764272000000000);
CREATE TABLE "Events" (
    "InstanceId" TEXT NOT NULL,
    "Number" INTEGER NOT NULL,
    "Json" TEXT NOT NULL,
    CONSTRAINT "PK_Events" PRIMARY KEY ("InstanceId", "Number"),
    CONSTRAINT "FK_Events_Instances_InstanceId" FOREIGN KEY ("InstanceId") REFERENCES "Instances" ("Id") ON DELETE CASCADE
);
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',1,'{"$type":"started","at":"2025-03-01T12:00:00+00:00","inputs":{"topic":"finished"},"instance":"01955193de00779490d211a796f63de2","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',2,'{"$type":"stepCompleted","at":"2025-03-01T12:00:00+00:00","cached":false,"execution":"first","outcome":"Done","outputs":{"length":14,"result":"finished first"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',3,'{"$type":"stepWaiting","at":"2025-03-01T12:00:00+00:00","deadline":"2025-03-01T12:00:00+00:00","events":[],"execution":"ask","reason":"people","seconds":0,"state":{"asked":1},"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',4,'{"$type":"stepResumed","at":"2025-03-01T12:00:00+00:00","execution":"ask","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',5,'{"$type":"stepCompleted","at":"2025-03-01T12:00:00+00:00","cached":false,"execution":"ask","outcome":"Done","outputs":{"length":18,"result":"finished first ask"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',6,'{"$type":"stepCompleted","at":"2025-03-01T12:00:00+00:00","cached":false,"execution":"judge","outcome":"Done","outputs":{"length":24,"result":"finished first ask judge"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',7,'{"$type":"stepCompleted","at":"2025-03-01T12:00:00+00:00","cached":false,"execution":"judge#2","outcome":"Done","outputs":{"length":32,"result":"finished first ask judge judge#2"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193de00779490d211a796f63de2',8,'{"$type":"stepCompleted","at":"2025-03-01T12:00:00+00:00","cached":false,"execution":"last","outcome":"Done","outputs":{"length":37,"result":"finished first ask judge judge#2 last"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e1e87413aa364570dd061e09',1,'{"$type":"started","at":"2025-03-01T12:00:01+00:00","inputs":{"topic":"broken"},"instance":"01955193e1e87413aa364570dd061e09","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e1e87413aa364570dd061e09',2,'{"$type":"stepCompleted","at":"2025-03-01T12:00:01+00:00","cached":false,"execution":"first","outcome":"Done","outputs":{"length":12,"result":"broken first"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e1e87413aa364570dd061e09',3,'{"$type":"stepWaiting","at":"2025-03-01T12:00:01+00:00","deadline":"2025-03-01T12:00:00+00:00","events":[],"execution":"ask","reason":"people","seconds":0,"state":{"asked":1},"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e1e87413aa364570dd061e09',4,'{"$type":"stepResumed","at":"2025-03-01T12:00:01+00:00","execution":"ask","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e1e87413aa364570dd061e09',5,'{"$type":"stepCompleted","at":"2025-03-01T12:00:01+00:00","cached":false,"execution":"ask","outcome":"Done","outputs":{"length":16,"result":"broken first ask"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e1e87413aa364570dd061e09',6,'{"$type":"stepFailed","at":"2025-03-01T12:00:01+00:00","execution":"judge","reason":"the disk is on fire","seconds":0,"stoppedScripts":[],"transient":false}');
INSERT INTO "Events" VALUES('01955193e5d07511b9e32672d3c67cf3',1,'{"$type":"started","at":"2025-03-01T12:00:02+00:00","inputs":{"topic":"killed"},"instance":"01955193e5d07511b9e32672d3c67cf3","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e5d07511b9e32672d3c67cf3',2,'{"$type":"stepCompleted","at":"2025-03-01T12:00:02+00:00","cached":false,"execution":"first","outcome":"Done","outputs":{"length":12,"result":"killed first"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e5d07511b9e32672d3c67cf3',3,'{"$type":"stepWaiting","at":"2025-03-01T12:00:02+00:00","deadline":"2025-03-01T12:00:00+00:00","events":[],"execution":"ask","reason":"people","seconds":0,"state":{"asked":1},"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e5d07511b9e32672d3c67cf3',4,'{"$type":"stepResumed","at":"2025-03-01T12:00:02+00:00","execution":"ask","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e5d07511b9e32672d3c67cf3',5,'{"$type":"stepCompleted","at":"2025-03-01T12:00:02+00:00","cached":false,"execution":"ask","outcome":"Done","outputs":{"length":16,"result":"killed first ask"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e5d07511b9e32672d3c67cf3',6,'{"$type":"stepCompleted","at":"2025-03-01T12:00:02+00:00","cached":false,"execution":"judge","outcome":"Done","outputs":{"length":22,"result":"killed first ask judge"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193e9b8762b9dc057ad4fb1b179',1,'{"$type":"started","at":"2025-03-01T12:00:03+00:00","inputs":{"topic":"new"},"instance":"01955193e9b8762b9dc057ad4fb1b179","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193eda0769eae52f6bb05417e49',1,'{"$type":"started","at":"2025-03-01T12:00:04+00:00","inputs":{"topic":"waiting"},"instance":"01955193eda0769eae52f6bb05417e49","stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193eda0769eae52f6bb05417e49',2,'{"$type":"stepCompleted","at":"2025-03-01T12:00:04+00:00","cached":false,"execution":"first","outcome":"Done","outputs":{"length":13,"result":"waiting first"},"seconds":0,"stoppedScripts":[]}');
INSERT INTO "Events" VALUES('01955193eda0769eae52f6bb05417e49',3,'{"$type":"stepWaiting","at":"2025-03-01T12:00:04+00:00","deadline":"2025-03-03T12:00:00+00:00","events":[],"execution":"ask","reason":"people","seconds":0,"state":{"asked":1},"stoppedScripts":[]}');
CREATE TABLE "Instances" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Instances" PRIMARY KEY,
    "DefinitionId" TEXT NOT NULL,
    "DefinitionVersion" INTEGER NOT NULL,
    "Status" TEXT NOT NULL,
    "State" TEXT NOT NULL,
    "Revision" INTEGER NOT NULL,
    "Inputs" TEXT NOT NULL,
    "Incident" TEXT NULL,
    "CreatedAt" INTEGER NOT NULL,
    "UpdatedAt" INTEGER NOT NULL,
    CONSTRAINT "FK_Instances_Definitions_DefinitionId_DefinitionVersion" FOREIGN KEY ("DefinitionId", "DefinitionVersion") REFERENCES "Definitions" ("DefinitionId", "Version") ON DELETE RESTRICT
);
INSERT INTO "Instances" VALUES('01955193de00779490d211a796f63de2','some-flow',1,'Finished','{"events":8,"format":1,"incidents":[],"inputs":{"topic":"finished"},"instance":"01955193de00779490d211a796f63de2","logged":30,"open":[],"outputs":{"result":"finished first ask judge judge#2 last"},"runs":{"ask":1,"first":1,"judge":2,"last":1,"left":1,"more":2,"right":1,"start":1,"tick":2},"status":"finished","variables":{"count":2,"result":"finished first ask judge judge#2 last"}}',8,'{"topic":"finished"}',NULL,638764272000000000,638764272000000000);
INSERT INTO "Instances" VALUES('01955193e1e87413aa364570dd061e09','some-flow',1,'Faulted','{"events":6,"format":1,"incidents":[{"activity":"judge","at":"2025-03-01T12:00:01+00:00","execution":"judge","reason":"the disk is on fire"}],"inputs":{"topic":"broken"},"instance":"01955193e1e87413aa364570dd061e09","logged":12,"open":[{"activity":"flow","byBackward":false,"failedAttempts":0,"faulted":false,"flow":{"activities":{"ask":1,"first":1,"start":1},"connections":{"ask:Done->judge":{"count":1,"followed":true},"first:Done->ask":{"count":1,"followed":true},"start:Done->first":{"count":1,"followed":true}},"start":"start"},"id":"flow"},{"activity":"judge","byBackward":false,"failedAttempts":1,"faulted":true,"id":"judge","inputs":{"text":"broken first ask"},"parent":"flow"}],"outputs":{"result":"broken first ask"},"runs":{"ask":1,"first":1,"judge":1,"start":1},"status":"faulted","variables":{"count":0,"result":"broken first ask"}}',6,'{"topic":"broken"}','{"activity":"judge","at":"2025-03-01T12:00:01+00:00","execution":"judge","reason":"the disk is on fire"}',638764272010000000,638764272010000000);
INSERT INTO "Instances" VALUES('01955193e5d07511b9e32672d3c67cf3','some-flow',1,'Running','{"events":6,"format":1,"incidents":[],"inputs":{"topic":"killed"},"instance":"01955193e5d07511b9e32672d3c67cf3","logged":17,"open":[{"activity":"flow","byBackward":false,"failedAttempts":0,"faulted":false,"flow":{"activities":{"ask":1,"first":1,"judge":1,"last":1,"left":1,"more":1,"right":1,"start":1,"tick":1},"connections":{"ask:Done->judge":{"count":1,"followed":true},"first:Done->ask":{"count":1,"followed":true},"judge:Done->tick":{"count":1,"followed":true},"left:Done->last":{"count":1,"followed":false},"more:False->left":{"count":1,"followed":false},"more:False->right":{"count":1,"followed":false},"more:True->judge":{"count":1,"followed":true},"right:Done->last":{"count":1,"followed":false},"start:Done->first":{"count":1,"followed":true},"tick:Done->more":{"count":1,"followed":true}},"start":"start"},"id":"flow"},{"activity":"judge","byBackward":true,"failedAttempts":0,"faulted":false,"id":"judge#2","inputs":{"text":"killed first ask judge"},"parent":"flow"}],"outputs":{"result":"killed first ask judge"},"runs":{"ask":1,"first":1,"judge":2,"more":1,"start":1,"tick":1},"status":"running","variables":{"count":1,"result":"killed first ask judge"}}',6,'{"topic":"killed"}',NULL,638764272020000000,638764272020000000);
INSERT INTO "Instances" VALUES('01955193e9b8762b9dc057ad4fb1b179','some-flow',1,'Running','{"events":1,"format":1,"incidents":[],"inputs":{"topic":"new"},"instance":"01955193e9b8762b9dc057ad4fb1b179","logged":5,"open":[{"activity":"flow","byBackward":false,"failedAttempts":0,"faulted":false,"flow":{"activities":{"start":1},"connections":{"start:Done->first":{"count":1,"followed":true}},"start":"start"},"id":"flow"},{"activity":"first","byBackward":false,"failedAttempts":0,"faulted":false,"id":"first","inputs":{"text":"new"},"parent":"flow"}],"outputs":{},"runs":{"first":1,"start":1},"status":"running","variables":{"count":0}}',1,'{"topic":"new"}',NULL,638764272030000000,638764272030000000);
INSERT INTO "Instances" VALUES('01955193eda0769eae52f6bb05417e49','some-flow',1,'Suspended','{"events":3,"format":1,"incidents":[],"inputs":{"topic":"waiting"},"instance":"01955193eda0769eae52f6bb05417e49","logged":8,"open":[{"activity":"flow","byBackward":false,"failedAttempts":0,"faulted":false,"flow":{"activities":{"first":1,"start":1},"connections":{"first:Done->ask":{"count":1,"followed":true},"start:Done->first":{"count":1,"followed":true}},"start":"start"},"id":"flow"},{"activity":"ask","byBackward":false,"failedAttempts":0,"faulted":false,"id":"ask","inputs":{"text":"waiting first"},"parent":"flow","stepState":{"asked":1},"waitsFor":"people","wakeAt":"2025-03-03T12:00:00+00:00","wakeEvents":[]}],"outputs":{"result":"waiting first"},"runs":{"ask":1,"first":1,"start":1},"status":"suspended","variables":{"count":0,"result":"waiting first"}}',3,'{"topic":"waiting"}',NULL,638764272040000000,638764272040000000);
CREATE TABLE "Log" (
    "InstanceId" TEXT NOT NULL,
    "Sequence" INTEGER NOT NULL,
    "Execution" TEXT NOT NULL,
    "Activity" TEXT NOT NULL,
    "NodePath" TEXT NOT NULL,
    "Event" TEXT NOT NULL,
    "At" INTEGER NOT NULL,
    "Inputs" TEXT NULL,
    "Outputs" TEXT NULL,
    "Outcomes" TEXT NULL,
    "Message" TEXT NULL,
    "Seconds" REAL NULL,
    "Cached" INTEGER NOT NULL,
    CONSTRAINT "PK_Log" PRIMARY KEY ("InstanceId", "Sequence"),
    CONSTRAINT "FK_Log_Instances_InstanceId" FOREIGN KEY ("InstanceId") REFERENCES "Instances" ("Id") ON DELETE CASCADE
);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',1,'Workflow1','Workflow1','Workflow1','Started',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',2,'flow','flow','Workflow1:flow','Started',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',3,'start','start','Workflow1:flow:start','Started',638764272000000000,'{}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',4,'start','start','Workflow1:flow:start','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',5,'first','first','Workflow1:flow:first','Started',638764272000000000,'{"text":"finished"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',6,'first','first','Workflow1:flow:first','Completed',638764272000000000,NULL,'{"result":"finished first","length":14}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',7,'ask','ask','Workflow1:flow:ask','Started',638764272000000000,'{"text":"finished first"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',8,'ask','ask','Workflow1:flow:ask','Waiting',638764272000000000,NULL,NULL,NULL,'people',0.0,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',9,'ask','ask','Workflow1:flow:ask','Resumed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',10,'ask','ask','Workflow1:flow:ask','Completed',638764272000000000,NULL,'{"result":"finished first ask","length":18}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',11,'judge','judge','Workflow1:flow:judge','Started',638764272000000000,'{"text":"finished first ask"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',12,'judge','judge','Workflow1:flow:judge','Completed',638764272000000000,NULL,'{"result":"finished first ask judge","length":24}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',13,'tick','tick','Workflow1:flow:tick','Started',638764272000000000,'{"value":1}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',14,'tick','tick','Workflow1:flow:tick','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',15,'more','more','Workflow1:flow:more','Started',638764272000000000,'{"condition":true}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',16,'more','more','Workflow1:flow:more','Completed',638764272000000000,NULL,NULL,'["True"]',NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',17,'judge#2','judge','Workflow1:flow:judge','Started',638764272000000000,'{"text":"finished first ask judge"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',18,'judge#2','judge','Workflow1:flow:judge','Completed',638764272000000000,NULL,'{"result":"finished first ask judge judge#2","length":32}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',19,'tick#2','tick','Workflow1:flow:tick','Started',638764272000000000,'{"value":2}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',20,'tick#2','tick','Workflow1:flow:tick','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',21,'more#2','more','Workflow1:flow:more','Started',638764272000000000,'{"condition":false}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',22,'more#2','more','Workflow1:flow:more','Completed',638764272000000000,NULL,NULL,'["False"]',NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',23,'left','left','Workflow1:flow:left','Started',638764272000000000,'{"text":"left"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',24,'left','left','Workflow1:flow:left','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',25,'right','right','Workflow1:flow:right','Started',638764272000000000,'{"text":"right"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',26,'right','right','Workflow1:flow:right','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',27,'last','last','Workflow1:flow:last','Started',638764272000000000,'{"text":"finished first ask judge judge#2"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',28,'last','last','Workflow1:flow:last','Completed',638764272000000000,NULL,'{"result":"finished first ask judge judge#2 last","length":37}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',29,'flow','flow','Workflow1:flow','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193de00779490d211a796f63de2',30,'Workflow1','Workflow1','Workflow1','Completed',638764272000000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',1,'Workflow1','Workflow1','Workflow1','Started',638764272010000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',2,'flow','flow','Workflow1:flow','Started',638764272010000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',3,'start','start','Workflow1:flow:start','Started',638764272010000000,'{}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',4,'start','start','Workflow1:flow:start','Completed',638764272010000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',5,'first','first','Workflow1:flow:first','Started',638764272010000000,'{"text":"broken"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',6,'first','first','Workflow1:flow:first','Completed',638764272010000000,NULL,'{"result":"broken first","length":12}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',7,'ask','ask','Workflow1:flow:ask','Started',638764272010000000,'{"text":"broken first"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',8,'ask','ask','Workflow1:flow:ask','Waiting',638764272010000000,NULL,NULL,NULL,'people',0.0,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',9,'ask','ask','Workflow1:flow:ask','Resumed',638764272010000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',10,'ask','ask','Workflow1:flow:ask','Completed',638764272010000000,NULL,'{"result":"broken first ask","length":16}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',11,'judge','judge','Workflow1:flow:judge','Started',638764272010000000,'{"text":"broken first ask"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e1e87413aa364570dd061e09',12,'judge','judge','Workflow1:flow:judge','Faulted',638764272010000000,NULL,NULL,NULL,'the disk is on fire',0.0,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',1,'Workflow1','Workflow1','Workflow1','Started',638764272020000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',2,'flow','flow','Workflow1:flow','Started',638764272020000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',3,'start','start','Workflow1:flow:start','Started',638764272020000000,'{}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',4,'start','start','Workflow1:flow:start','Completed',638764272020000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',5,'first','first','Workflow1:flow:first','Started',638764272020000000,'{"text":"killed"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',6,'first','first','Workflow1:flow:first','Completed',638764272020000000,NULL,'{"result":"killed first","length":12}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',7,'ask','ask','Workflow1:flow:ask','Started',638764272020000000,'{"text":"killed first"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',8,'ask','ask','Workflow1:flow:ask','Waiting',638764272020000000,NULL,NULL,NULL,'people',0.0,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',9,'ask','ask','Workflow1:flow:ask','Resumed',638764272020000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',10,'ask','ask','Workflow1:flow:ask','Completed',638764272020000000,NULL,'{"result":"killed first ask","length":16}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',11,'judge','judge','Workflow1:flow:judge','Started',638764272020000000,'{"text":"killed first ask"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',12,'judge','judge','Workflow1:flow:judge','Completed',638764272020000000,NULL,'{"result":"killed first ask judge","length":22}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',13,'tick','tick','Workflow1:flow:tick','Started',638764272020000000,'{"value":1}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',14,'tick','tick','Workflow1:flow:tick','Completed',638764272020000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',15,'more','more','Workflow1:flow:more','Started',638764272020000000,'{"condition":true}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',16,'more','more','Workflow1:flow:more','Completed',638764272020000000,NULL,NULL,'["True"]',NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e5d07511b9e32672d3c67cf3',17,'judge#2','judge','Workflow1:flow:judge','Started',638764272020000000,'{"text":"killed first ask judge"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e9b8762b9dc057ad4fb1b179',1,'Workflow1','Workflow1','Workflow1','Started',638764272030000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e9b8762b9dc057ad4fb1b179',2,'flow','flow','Workflow1:flow','Started',638764272030000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e9b8762b9dc057ad4fb1b179',3,'start','start','Workflow1:flow:start','Started',638764272030000000,'{}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e9b8762b9dc057ad4fb1b179',4,'start','start','Workflow1:flow:start','Completed',638764272030000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193e9b8762b9dc057ad4fb1b179',5,'first','first','Workflow1:flow:first','Started',638764272030000000,'{"text":"new"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',1,'Workflow1','Workflow1','Workflow1','Started',638764272040000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',2,'flow','flow','Workflow1:flow','Started',638764272040000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',3,'start','start','Workflow1:flow:start','Started',638764272040000000,'{}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',4,'start','start','Workflow1:flow:start','Completed',638764272040000000,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',5,'first','first','Workflow1:flow:first','Started',638764272040000000,'{"text":"waiting"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',6,'first','first','Workflow1:flow:first','Completed',638764272040000000,NULL,'{"result":"waiting first","length":13}','["Done"]',NULL,0.0,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',7,'ask','ask','Workflow1:flow:ask','Started',638764272040000000,'{"text":"waiting first"}',NULL,NULL,NULL,NULL,0);
INSERT INTO "Log" VALUES('01955193eda0769eae52f6bb05417e49',8,'ask','ask','Workflow1:flow:ask','Waiting',638764272040000000,NULL,NULL,NULL,'people',0.0,0);
CREATE TABLE "Waiting" (
    "InstanceId" TEXT NOT NULL,
    "Execution" TEXT NOT NULL,
    "State" TEXT NULL,
    "Deadline" INTEGER NOT NULL,
    "Reason" TEXT NOT NULL,
    "Events" TEXT NOT NULL,
    CONSTRAINT "PK_Waiting" PRIMARY KEY ("InstanceId", "Execution"),
    CONSTRAINT "FK_Waiting_Instances_InstanceId" FOREIGN KEY ("InstanceId") REFERENCES "Instances" ("Id") ON DELETE CASCADE
);
INSERT INTO "Waiting" VALUES('01955193eda0769eae52f6bb05417e49','ask','{"asked":1}',638766000000000000,'people','[]');
CREATE TABLE "__EFMigrationsHistory" (
    "MigrationId" TEXT NOT NULL CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY,
    "ProductVersion" TEXT NOT NULL
);
INSERT INTO "__EFMigrationsHistory" VALUES('20260101000000_Initial','10.0.15');
CREATE INDEX "IX_Instances_DefinitionId_DefinitionVersion" ON "Instances" ("DefinitionId", "DefinitionVersion");
CREATE INDEX "IX_Instances_Status_DefinitionId" ON "Instances" ("Status", "DefinitionId");
CREATE INDEX "IX_Waiting_Deadline" ON "Waiting" ("Deadline");
COMMIT;
