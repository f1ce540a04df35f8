/* SPDX-License-Identifier: MIT */
/* world.pml - plain binders, kills and stops, and the claim of progress. */

#ifdef PLAIN_GATE
/* k3portlock on Linux: binds the gate's name, does not listen, polls. */
active proctype plain_gate()
{
idle:	atomic {
		OWNS_NOTHING(ME);
		if
		:: goto left
		:: true
		fi
	};
	atomic {
		gate[0] == 0 ->
		gate[0] = BIT(ME);
		holds[0] = holds[0] | BIT(ME);
		printf("P%d plain: holds the gate\n", ME);
		EXCLUSION(0)
	};
	holds[0] = holds[0] & ~BIT(ME);
	d_step {
		close_gate(0, BIT(ME));
		printf("P%d plain: lets the gate go\n", ME)
	};
	goto idle;
left:
end:	false
}
#endif

#ifdef PLAIN_PORTS
/* The documented algorithm: two of three ports, or none. */
active proctype plain_ports()
{
	byte index;

idle:	atomic {
		OWNS_NOTHING(ME);
		if
		:: goto left
		:: true
		fi
	};
	do
	:: atomic {
		index < 3 ->
		if
		:: PORT(0, index) == 0 ->
			PORT(0, index) = BIT(ME);
			printf("P%d plain: port %d, won\n", ME, index)
		:: else ->
			printf("P%d plain: port %d, in use\n", ME, index)
		fi;
		index++
	}
	:: atomic { index == 3 -> index = 0; break }
	od;
	if
	:: atomic {
		PORTS_OF(ME) >= 2 ->
		holds[0] = holds[0] | BIT(ME);
		printf("P%d plain: holds\n", ME);
		EXCLUSION(0)
	};
	holds[0] = holds[0] & ~BIT(ME)
	:: PORTS_OF(ME) < 2
	fi;
	do
	:: d_step {
		PORTS_OF(ME) > 0 -> close_port(ME);
		printf("P%d plain: closes a port\n", ME)
	}
	:: atomic { PORTS_OF(ME) == 0 -> goto idle }
	od;
left:
end:	false
}
#endif

#if KILLS || STOPS
byte kills = KILLS, stops = STOPS;

#ifdef LIVE
/* Who is stopped may stay so. */
#define OR_NEVER(i) :: stopped[i] -> skip
#else
#define OR_NEVER(i)
#endif

#define FATE(i)                                                                \
	:: d_step {                                                            \
		(VICTIMS & BIT(i)) && kills > 0 && busy[i] && !killed[i] ->                          \
		kills--;                                                       \
		killed[i] = 1;                                                 \
		stopped[i] = 0;                                                \
		holds[KEY(i)] = holds[KEY(i)] & ~BIT(i);                       \
		waits = waits & ~BIT(i);                                       \
		forget(i);                                                     \
		printf("P%d is killed\n", i)                                   \
	}                                                                      \
	:: d_step {                                                            \
		(VICTIMS & BIT(i)) && stops > 0 && busy[i] && !killed[i] &&    \
		!stopped[i] ->                                                 \
		stops--;                                                       \
		stopped[i] = 1;                                                \
		printf("P%d is stopped\n", i)                                  \
	}                                                                      \
	:: d_step {                                                            \
		stopped[i] -> stopped[i] = 0;                                  \
		printf("P%d is continued\n", i)                                \
	}                                                                      \
	OR_NEVER(i)

active proctype fate()
{
end:	do
	FATE(0)
	FATE(1)
#if PORTLOCKS > 2
	FATE(2)
#endif
#if PORTLOCKS > 3
	FATE(3)
#endif
	od
}
#endif

#ifdef LIVE
#if PORTLOCKS > 2
#define THIRD(condition) || condition(2)
#else
#define THIRD(condition)
#endif
ltl progress {
	[] <> (!(WANTED(0) || WANTED(1) THIRD(WANTED)) || holds[0] != 0 ||
	       holds[1] != 0 || STUCK(0) || STUCK(1) THIRD(STUCK))
}
#endif
