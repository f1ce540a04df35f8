/* SPDX-License-Identifier: MIT */
/* lock.pml - a process that acquires and releases, as lib/ does it.
 *
 * Each step is one system call, and what it prints begins with the function
 * of lib/ that makes it.
 */

#define LOOKS_MAX (QUEUE + 1) /* connections that one release looks at */

mtype = { WAIT, TIMED_WAIT, TRY_ONCE };

/* The releaser's end of the connection at hand is closed. */
inline part_rudely()
{
	if
	:: accepted[ME] > DEAD && !MUTATED(SKIP_KEPT) ->
		hang_up(accepted[ME] - 2)
	:: else
	fi;
	accepted[ME] = NOBODY
}

active [PORTLOCKS] proctype portlock() provided (!stopped[_pid])
{
	mtype mode;
	byte index;
	bit held_long, slept;

start:	{
	goto idle;
idle:	atomic {
		OWNS_NOTHING(ME);
		mode = 0; held_long = 0; slept = 0; index = 0; busy[ME] = 0;
		if
		:: goto left
		:: true ->
			mode = WAIT;
			waits = waits | BIT(ME);
			printf("P%d pl_acquire: without a deadline\n", ME)
		:: TIMED & BIT(ME) ->
			mode = TIMED_WAIT;
			printf("P%d pl_acquire: with a deadline\n", ME)
		:: TRY & BIT(ME) ->
			mode = TRY_ONCE;
			printf("P%d pl_acquire: once\n", ME)
		fi;
		busy[ME] = 1
	};

win_gate:
	atomic {
		if
		:: gate[KEY(ME)] == 0 ->
			gate[KEY(ME)] = BIT(ME);
			printf("P%d pl_gate_bind: bind, won\n", ME);
			goto listen
		:: else ->
			printf("P%d pl_gate_bind: bind, in use\n", ME);
			if
			:: mode == TRY_ONCE ->
				printf("P%d look_who: -EBUSY\n", ME);
				goto idle
			:: else
			fi
		fi
	};

queue_up:
	atomic {
		OWNS_NOTHING(ME);
		if
		:: listening[KEY(ME)] && length[KEY(ME)] < QUEUE ->
			d_step { enqueue(ME, KEY(ME)) };
			printf("P%d pl_gate_connect: connected\n", ME);
			goto sleep_in_queue
		:: listening[KEY(ME)] && length[KEY(ME)] == QUEUE ->
			printf("P%d pl_gate_connect: -EAGAIN\n", ME)
		:: !listening[KEY(ME)] ->
			printf("P%d pl_gate_connect: -ECONNREFUSED\n", ME)
		fi
	};
	if
	:: mode == TIMED_WAIT -> atomic {
		printf("P%d rest: -ETIMEDOUT\n", ME);
		goto idle
	}
	:: MUTATED(CONNECT_ONLY) -> goto queue_up
	:: !MUTATED(CONNECT_ONLY) -> goto win_gate
	fi;

sleep_in_queue:
	atomic {
		if
		:: conn[ME] == HUNG_UP ->
			printf("P%d sleep_in_queue: hung up on\n", ME)
		:: mode == TIMED_WAIT && !MUTATED(NO_SHUTDOWN) ->
			d_step { shut[ME] = 1; forget(ME) };
			printf("P%d pl_gate_wait: deadline, shutdown\n", ME)
		:: mode == TIMED_WAIT && MUTATED(NO_SHUTDOWN) ->
			printf("P%d pl_gate_wait: deadline\n", ME)
		fi
	};
	atomic {
		if
		:: gate[KEY(ME)] & FLIGHT(ME) ->
			d_step {
				move_all(KEY(ME), FLIGHT(ME), BIT(ME));
				close_connection(ME, KEY(ME))
			};
			printf("P%d pl_grant_receive: a grant\n", ME);
#ifdef LIMITS
			if
			:: true
			:: printf("P%d accept_grant: -EMFILE\n", ME);
			   waits = waits & ~BIT(ME);
			   goto cut
			fi;
#endif
			goto win_ports
		:: else ->
			printf("P%d pl_grant_receive: nothing\n", ME);
			if
			:: MUTATED(HANG_UP_IS_GRANT) && !shut[ME] ->
				d_step { close_connection(ME, KEY(ME)) };
				goto become_holder
			:: else
			fi
		fi
	};
	atomic {
		NOT_WASTED(ME);
		d_step {
			/* end < 0, whether or not it was hung up on as well */
			index = shut[ME] || conn[ME] != HUNG_UP;
			close_connection(ME, KEY(ME))
		};
		printf("P%d drop_socket\n", ME);
		if
		:: index -> goto idle
		:: else -> goto win_gate
		fi
	};

listen:	atomic {
		listening[KEY(ME)] = 1;
		printf("P%d pl_gate_bind: listen\n", ME)
	};

win_ports:
	if
	:: atomic {
		!USES_PORTS(ME) && PORTS_OF(ME) > 0 ->
		d_step { close_port(ME) };
		printf("P%d pl_bundle_close_ports\n", ME);
		goto win_ports
	}
	:: atomic {
		!USES_PORTS(ME) && PORTS_OF(ME) == 0 ||
		USES_PORTS(ME) && PORTS_OF(ME) >= 2 -> goto become_holder
	}
	:: USES_PORTS(ME) && PORTS_OF(ME) < 2
	fi;
bind_next:
	atomic {
		if
		:: PORT(KEY(ME), index) == 0 ->
			PORT(KEY(ME), index) = BIT(ME);
			printf("P%d bind_next: port %d, won\n", ME, index)
		:: else ->
			printf("P%d bind_next: port %d, in use\n", ME, index)
		fi;
		index++;
		if
		:: PORTS_OF(ME) == 2 || MUTATED(ONE_PORT) && PORTS_OF(ME) ->
			index = 0;
			goto become_holder
		:: PORTS_OF(ME) < 2 && index < 3 -> goto bind_next
		:: else -> index = 0
		fi
	};
	atomic {
		if
		:: PORTS_OF(ME) > 0 ->
			d_step { close_port(ME) };
			printf("P%d pl_ports_bind: closes what it got\n", ME)
		:: else
		fi
	};
	atomic {
		if
		:: mode == TRY_ONCE ->
			printf("P%d win_ports: -EBUSY\n", ME);
			goto pass_on
		:: mode == TIMED_WAIT ->
			printf("P%d win_ports: -ETIMEDOUT\n", ME);
			goto pass_on
		:: mode != TRY_ONCE -> goto bind_next
		fi
	};
pass_on:
	atomic {
		if
		:: MUTATED(NO_PASS_ON) -> goto idle
		:: else
		fi;
#if STOPS
		/* The token is that of the holder before, or 0: then it does. */
		if
		:: held_long = 1; printf("P%d was_held_long: yes\n", ME)
		:: true
		fi;
#endif
		printf("P%d pass_on\n", ME);
		goto hand_over
	};

become_holder:
	atomic {
		holds[KEY(ME)] = holds[KEY(ME)] | BIT(ME);
		waits = waits & ~BIT(ME);
		printf("P%d become_holder\n", ME);
		EXCLUSION(KEY(ME))
	};
	atomic {
		if
		:: !MUTATED(LATE_TAKE) ->
			holds[KEY(ME)] = holds[KEY(ME)] & ~BIT(ME)
		:: else
		fi;
		printf("P%d take: for a release\n", ME);
#if STOPS
		if
		:: held_long = 1; printf("P%d was_held_long: yes\n", ME)
		:: true
		fi
#endif
	};

hand_over:
	atomic {
		if
		:: length[KEY(ME)] == 0 ->
			printf("P%d has_waiter: no\n", ME);
			goto close_all
		:: true /* crowded: it does not look, or there was one */
		fi
	};
next_waiter:
	atomic {
		if
		:: length[KEY(ME)] == 0 ->
			printf("P%d serve_first: none\n", ME);
			goto close_all
		:: else ->
			d_step { dequeue(ME, KEY(ME)) };
			printf("P%d serve_first: accept P%d\n", ME,
			       accepted[ME] - 2)
		fi;
		if
		:: held_long && accepted[ME] != DEAD ->
			slept = stopped[accepted[ME] - 2]
		:: else -> goto send
		fi
	};
	atomic {
		if
		:: accepted[ME] != DEAD && stopped[accepted[ME] - 2] &&
		   !MUTATED(NO_LOOK) ->
			printf("P%d is_stopped: yes\n", ME);
			goto skip_waiter
		:: else
		fi
	};
send:	atomic {
		if
		:: accepted[ME] == DEAD ->
			printf("P%d pl_grant_send: -EPIPE\n", ME);
			goto skip_waiter
		:: accepted[ME] != DEAD && shut[accepted[ME] - 2] ->
			printf("P%d pl_grant_send: -EPIPE\n", ME);
			goto skip_waiter
		:: accepted[ME] != DEAD && !shut[accepted[ME] - 2] ->
			NOT_STOPPED(accepted[ME] - 2);
			IN_ORDER(accepted[ME] - 2);
			d_step {
				move_all(KEY(ME), BIT(ME),
					 BIT(ME) | FLIGHT(accepted[ME] - 2));
				forget(accepted[ME] - 2)
			};
			printf("P%d pl_grant_send: to P%d\n", ME,
			       accepted[ME] - 2);
			slept = 0
#ifdef LIMITS
		:: accepted[ME] != DEAD ->
			printf("P%d pl_grant_send: -ETOOMANYREFS\n", ME);
			goto close_all
#endif
		fi;
		if
		:: MUTATED(LATE_CLOSE) -> goto wake
		:: else
		fi
	};
close_copies:
	if
	:: atomic {
		PORTS_OF(ME) > 0 ->
		d_step { close_port(ME) };
		printf("P%d pl_bundle_close: a port, sent\n", ME);
		goto close_copies
	}
	:: atomic {
		PORTS_OF(ME) == 0 ->
		d_step { close_gate(KEY(ME), BIT(ME)) };
		printf("P%d pl_bundle_close: the gate, sent\n", ME)
	}
	fi;
wake:	atomic {
		OWNS_NOTHING(ME);
		if
		:: accepted[ME] != DEAD && !MUTATED(NO_WAKE) ->
			d_step { hang_up(accepted[ME] - 2) }
		:: else
		fi;
		printf("P%d wake: shutdown\n", ME);
		accepted[ME] = NOBODY;
		holds[KEY(ME)] = holds[KEY(ME)] & ~BIT(ME);
		goto idle
	};

skip_waiter:
	atomic {
		slept = 0;
		d_step { part_rudely() };
		printf("P%d serve_first: next, please\n", ME);
		index++;
		if
		:: index == LOOKS_MAX && !MUTATED(LOOK_FOR_EVER) ->
			printf("P%d serve_first: LOOKS_MAX\n", ME);
			goto close_all
		:: else ->
			index = index % LOOKS_MAX;
			goto next_waiter
		fi
	};

#ifdef LIMITS
	/* What was cut off goes before the rest, which is the gate, and a port
	 * perhaps: in any order. */
cut:	if
	:: atomic {
		PORTS_OF(ME) > 0 ->
		d_step { close_port(ME) };
		printf("P%d accept_grant: closes a port\n", ME);
		goto cut
	}
	:: atomic {
		gate[KEY(ME)] & BIT(ME) ->
		d_step { close_gate(KEY(ME), BIT(ME)) };
		printf("P%d accept_grant: closes the gate\n", ME);
		goto cut
	}
	:: atomic {
		(gate[KEY(ME)] & BIT(ME)) == 0 && PORTS_OF(ME) == 0 -> goto idle
	}
	fi;
#endif

close_all:
	if
	:: atomic {
		PORTS_OF(ME) > 0 && !MUTATED(KEEP_PORTS) ->
		d_step { close_port(ME) };
		printf("P%d pl_bundle_close: a port\n", ME);
		goto close_all
	}
	:: atomic {
		PORTS_OF(ME) == 0 || MUTATED(KEEP_PORTS) ->
		d_step {
			close_gate(KEY(ME), BIT(ME));
			holds[KEY(ME)] = holds[KEY(ME)] & ~BIT(ME)
		};
		printf("P%d pl_bundle_close: the gate\n", ME)
	}
	fi;
	/* Of a send that failed: after the names. */
	atomic {
		if
		:: accepted[ME] != NOBODY ->
			d_step { part_rudely() };
			printf("P%d pl_gate_hand_over: hangs up\n", ME)
		:: else
		fi;
		goto idle
	}
	} unless { killed[ME] };

	/* The kernel closes what a killed process had, in some order. */
dying:	if
	:: d_step {
		gate[KEY(ME)] & BIT(ME) -> close_gate(KEY(ME), BIT(ME));
		printf("P%d is dead: the gate is closed\n", ME)
	}; goto dying
	:: d_step {
		PORTS_OF(ME) > 0 -> close_port(ME);
		printf("P%d is dead: a port is closed\n", ME)
	}; goto dying
	:: d_step {
		conn[ME] != CLOSED -> close_connection(ME, KEY(ME));
		printf("P%d is dead: its connection is closed\n", ME)
	}; goto dying
	:: d_step {
		accepted[ME] != NOBODY -> part_rudely();
		printf("P%d is dead: what it accepted is closed\n", ME)
	}; goto dying
	:: d_step {
		else -> killed[ME] = 0
	}
	fi;
	goto start;

left:	/* It never comes back: nobody may count on it. */
end:	false
}
