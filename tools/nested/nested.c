// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program of a nested machine (scripts/tests/user-nested.sh), without an operating system. It
 * writes to each cache line of the machine's memory from 2 MiB on, prints a sum of what it reads
 * back, waits for a character on the serial port, and prints the sum again. Then it ends the
 * emulator with status 2 * 1 + 1 (isa-debug-exit at port 0xf4).
 */
#include <stdint.h>

#define SERIAL		0x3f8
#define SERIAL_STATUS	(SERIAL + 5)
#define RECEIVED	0x01
#define CAN_SEND	0x20
#define EXIT		0xf4

#define FIRST		(2u << 20)	/* the program lies below */
#define LINE		64
#define FACTOR		2654435761u	/* what line number n holds is n * FACTOR */

/* The fields of the boot information that are used. */
struct boot_info {
	uint32_t	flags;
	uint32_t	lower_kib;
	uint32_t	upper_kib;	/* from 1 MiB on */
};

static void out(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void print(const char *text)
{
	for (; *text; text++) {
		while (!(in(SERIAL_STATUS) & CAN_SEND))
			;
		out(SERIAL, (uint8_t)*text);
	}
}

static void print_number(uint32_t number)
{
	char text[12], *p = &text[sizeof(text) - 1];

	*p = 0;
	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	print(p);
}

static void write_lines(uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr; i++)
		*(volatile uint32_t *)(FIRST + i * LINE) = i * FACTOR;
}

static void print_sum(const char *name, uint32_t nr)
{
	uint32_t sum = 0, i;

	for (i = 0; i < nr; i++)
		sum += *(volatile uint32_t *)(FIRST + i * LINE);
	print(name);
	print(" lines ");
	print_number(nr);
	print(" sum ");
	print_number(sum);
	print("\n");
}

/* Called by start.S. */
void nested_main(const struct boot_info *info)
{
	/* The last MiB is left to the firmware, which has tables there. */
	uint32_t nr = (info->upper_kib - 2048) * 1024 / LINE;

	write_lines(nr);
	print_sum("written", nr);
	while (!(in(SERIAL_STATUS) & RECEIVED))
		;
	print_sum("again", nr);
	out(EXIT, 1);
}
